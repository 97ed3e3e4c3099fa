import { BellRing, ChevronDown, ChevronRight, CircleHelp, FileCode2, MoreVertical, Paperclip, Pencil, Trash2, Unlink } from "lucide-react";
import { useCallback, useEffect, useMemo, type RefObject } from "react";
import type { BlockDetail, BlockStatus } from "../../../api/types";
import { Menu, type MenuItem } from "../../../ui/Menu";
import { addOnsOf, attach, deleteAddOn, detachAddOn, homeOf, looseAddOns } from "../session/addOns";
import { changeBlock } from "../session/changes";
import { useBlocks, useDetail, useSession, useUi } from "../session/context";
import { useNavigation, type Navigation } from "../session/selection";
import type { EditorSession } from "../session/session";
import { toggled } from "../session/ui";
import { CodeArea } from "./CodeArea";
import { ConflictBar } from "./ConflictBar";
import { InlineName } from "./InlineName";
import { kindOf } from "./kinds";
import { SaveMark } from "./SaveMark";

const icon = (Icon: typeof Pencil) => <Icon size={13} aria-hidden="true" />;

/** The conditions and callbacks of a block, under its code: what each decided, its code when it is opened. */
export function AddOns({ block, status, card }: { block: BlockDetail; status: BlockStatus | undefined; card: RefObject<HTMLElement | null> }) {
  const conditionals = useDetail((detail) => detail.conditionals);
  const callbacks = useDetail((detail) => detail.callbacks);
  const found = useMemo(() => (conditionals && callbacks ? addOnsOf({ conditionals, callbacks }, block.uuid) : []), [conditionals, callbacks, block.uuid]);
  if (found.length === 0) return null;
  return (
    <ul aria-label={`Attached to ${block.name}`} className="border-t border-line">
      {found.map((one) => <AddOn key={one.uuid} addOn={one} block={block.uuid} status={status} card={card} />)}
    </ul>
  );
}

/** Conditions and callbacks that no block has: they do nothing until they are attached. */
export function LooseAddOns() {
  const loose = useDetail(looseAddOns);
  if (!loose || loose.length === 0) return null;
  return (
    <section aria-label="Attached to no block" className="mt-3 rounded-card border border-dashed border-line-strong bg-s0">
      <h2 className="px-3 py-1 text-meta text-muted">Attached to no block, so they do nothing</h2>
      <ul>{loose.map((one) => <AddOn key={one.uuid} addOn={one} block={null} status={undefined} card={null} />)}</ul>
    </section>
  );
}

/** Whether a condition has left its block out, as the block's status tells: it said no, or failed, which counts as no. */
export function saidNo(addOn: BlockDetail, status: BlockStatus | undefined): "said no" | "failed" | "" {
  const message = status?.state === "condition_failed" && status.failure?.kind === "condition" ? status.failure.message : "";
  if (message === `condition ${addOn.uuid} said no`) return "said no";
  return message.startsWith(`condition ${addOn.uuid} failed`) ? "failed" : "";
}

function AddOn({ addOn, block, status, card }: { addOn: BlockDetail; block: string | null; status: BlockStatus | undefined; card: RefObject<HTMLElement | null> | null }) {
  const session = useSession();
  const navigation = useNavigation();
  const blocks = useBlocks();
  const uuid = addOn.uuid;
  // One that several blocks have is edited at the first of them only: two editors of one text would write over each other.
  const place = homeOf(addOn, blocks);
  const home = block === null || place === block;
  const asked = useUi((ui) => ui.focus?.block === uuid && !ui.focus.rename);
  const renaming = useUi((ui) => ui.focus?.block === uuid && ui.focus.rename === true);
  const open = (useUi((ui) => ui.opened.has(uuid)) || asked) && home;
  useEffect(() => {
    // Code that was asked for stays shown when the cursor has arrived.
    if (asked) session.ui.setState((ui) => (ui.opened.has(uuid) ? ui : { opened: new Set(ui.opened).add(uuid) }));
  }, [asked, session, uuid]);
  const toggle = () => session.ui.setState((ui) => ({ opened: toggled(ui.opened, uuid), focus: null }));
  const setRenaming = (on: boolean) => session.ui.setState({ focus: on ? { block: uuid, rename: true } : null });
  const leave = useCallback((step: 0 | 1 | -1) => step === 0 && card?.current?.focus({ preventScroll: true }), [card]);
  const Arrow = open ? ChevronDown : ChevronRight;
  const Kind = addOn.type === "conditional" ? CircleHelp : BellRing;
  const word = kindOf(addOn.type).word;
  return (
    <li data-add-on={uuid} className="border-b border-line last:border-b-0">
      <div className="flex h-7 items-center gap-1.5 px-1.5">
        {home ? (
          <button type="button" aria-expanded={open} aria-label={open ? `Fold ${addOn.name}` : `Show the code of ${addOn.name}`} className="flex-none text-muted hover:text-fg" onClick={toggle}>
            <Arrow size={14} aria-hidden="true" />
          </button>
        ) : (
          <span className="w-3.5 flex-none" />
        )}
        <Kind size={13} aria-hidden="true" className="flex-none text-muted" />
        <span className="flex-none text-meta text-muted" title={kindOf(addOn.type).purpose}>{word}</span>
        <InlineName value={addOn.name} label={`Name of ${addOn.name}`} editing={renaming && home} onEditing={setRenaming} onRename={(name) => changeBlock(session, uuid, { name })} />
        <SaveMark block={uuid} />
        {!home && <button type="button" className="flex-none truncate text-meta text-accent underline" onClick={() => navigation.select(place ?? null)}>its code is at {place}</button>}
        {home && addOn.upstream.length > 1 && <span className="truncate text-meta text-muted">also of {addOn.upstream.filter((one) => one !== block).join(", ")}</span>}
        <span className="flex-1" />
        {saidNo(addOn, status) && <span className="flex-none text-meta font-medium text-stale">{saidNo(addOn, status)} in the last run</span>}
        <Menu align="end" items={menuOf(session, navigation, addOn, block, blocks)}>
          <button type="button" aria-label={`More about ${addOn.name}`} className="inline-flex h-6 w-5 flex-none items-center justify-center rounded-control text-muted hover:bg-s2 hover:text-fg">
            <MoreVertical size={13} aria-hidden="true" />
          </button>
        </Menu>
      </div>
      {open && (
        <div className="border-t border-line">
          <ConflictBar block={uuid} />
          <CodeArea block={addOn} near onLeave={leave} />
        </div>
      )}
    </li>
  );
}

function menuOf(session: EditorSession, navigation: Navigation, addOn: BlockDetail, block: string | null, blocks: BlockDetail[]): MenuItem[] {
  const free = blocks.filter((one) => one.runnable && !addOn.upstream.includes(one.uuid));
  return [
    { label: "Rename", icon: icon(Pencil), onSelect: () => session.ui.setState({ focus: { block: addOn.uuid, rename: true } }) },
    ...(free.length > 0 ? [{ label: "Attach to another block", icon: icon(Paperclip), items: free.map((one) => ({ label: one.name, onSelect: () => void attach(session, addOn, one.uuid) })) }] : []),
    ...(block !== null && addOn.upstream.length > 1 ? [{ label: `Take it off ${block}`, icon: icon(Unlink), onSelect: () => void detachAddOn(session, addOn, block) }] : []),
    ...(addOn.file ? [{ label: "Open its file", icon: icon(FileCode2), hint: addOn.file, onSelect: () => navigation.openFile(addOn.file as string) }] : []),
    { separator: true },
    { label: "Delete", icon: icon(Trash2), danger: true, onSelect: () => void deleteAddOn(session, addOn) },
  ];
}

/** Entries of a block's menu: a new condition or callback, and those of the pipeline that it may have too. */
export function addOnItems(session: EditorSession, block: BlockDetail): MenuItem[] {
  const detail = session.detail;
  if (!block.runnable || !detail) return [];
  const item = (type: "conditional" | "callback", label: string, Icon: typeof Pencil, list: BlockDetail[]): MenuItem => {
    const add = () => session.ui.setState({ adding: { after: null, upstream: [block.uuid], type, attached: true } });
    const others = list.filter((one) => !one.upstream.includes(block.uuid));
    if (others.length === 0) return { label, icon: icon(Icon), onSelect: add };
    const attached = others.map((one) => ({ label: one.name, icon: icon(Paperclip), onSelect: () => void attach(session, one, block.uuid) }));
    return { label, icon: icon(Icon), items: [{ label: "New…", onSelect: add }, { heading: "Of this pipeline" }, ...attached] };
  };
  return [item("conditional", "Add a condition", CircleHelp, detail.conditionals), item("callback", "Add a callback", BellRing, detail.callbacks)];
}
