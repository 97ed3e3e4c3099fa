import { ArrowDown, ArrowUp, Columns2, Copy, FileCode2, Link2, Pencil, Plus, Settings2, Shapes, Trash2, Unlink } from "lucide-react";
import type { BlockDetail } from "../../../api/types";
import type { MenuItem } from "../../../ui/Menu";
import { toast } from "../../../ui/toasts";
import { changeBlock, deleteBlock, detachBlock, duplicateBlock, moveBlock, stepBlock } from "../session/changes";
import type { Navigation } from "../session/selection";
import type { EditorSession } from "../session/session";
import { addOnItems } from "./AddOns";
import { COLOUR_NAMES, KINDS, kindOf, languageOf } from "./kinds";

const icon = (Icon: typeof Copy) => <Icon size={13} aria-hidden="true" />;

/** Types that a block can be made into: those whose file is code of its own. */
const CONVERTIBLE = ["data_loader", "transformer", "data_exporter", "custom", "sensor", "scratchpad"];

export interface BlockMenuContext {
  session: EditorSession;
  navigation: Navigation;
  block: BlockDetail;
  index: number;
  count: number;
  /** Whether it stands beside the others. */
  beside: boolean;
}

/** Everything that can be done with a block, apart from running it. */
export function blockMenu({ session, navigation, block, index, count, beside }: BlockMenuContext): MenuItem[] {
  const { select, show, openFile } = navigation;
  const before = session.detail?.blocks[index - 1]?.uuid ?? null;
  const add = (after: string | null, upstream: string[]) => session.ui.setState({ adding: { after, upstream } });
  const shared = block.shared_with.length > 0 || block.replicated_block !== null;
  return [
    { label: "Rename", icon: icon(Pencil), keys: "F2", onSelect: () => session.ui.setState({ focus: { block: block.uuid, rename: true } }) },
    { label: "Block settings", icon: icon(Settings2), onSelect: () => show({ block: block.uuid, view: "block" }) },
    ...(count > 1 ? [besideItem(navigation, block, beside)] : []),
    { separator: true },
    { label: "Add a block above", icon: icon(Plus), keys: "A", onSelect: () => add(before, []) },
    { label: "Add a block below", icon: icon(Plus), keys: "B", onSelect: () => add(block.uuid, block.accepts_upstream ? [block.uuid] : []) },
    ...addOnItems(session, block),
    { label: "Duplicate", icon: icon(Copy), onSelect: () => void duplicateBlock(session, block.uuid, select) },
    { separator: true },
    { label: "Move up", icon: icon(ArrowUp), keys: "Alt+ArrowUp", disabled: index === 0, onSelect: () => void stepBlock(session, block.uuid, -1) },
    { label: "Move down", icon: icon(ArrowDown), keys: "Alt+ArrowDown", disabled: index === count - 1, onSelect: () => void stepBlock(session, block.uuid, 1) },
    { label: "Move to the top", icon: icon(ArrowUp), disabled: index === 0, onSelect: () => void moveBlock(session, block.uuid, null) },
    { separator: true },
    ...conversions(session, block, select),
    { label: "Colour", icon: <span className="h-2.5 w-2.5 rounded-full bg-current" />, items: colours(session, block) },
    ...(shared ? [{ label: "Detach from the shared file", icon: icon(Unlink), hint: sharedHint(block), onSelect: () => void detachBlock(session, block.uuid) }] : []),
    { separator: true },
    { label: "Copy a link to it", icon: icon(Link2), onSelect: () => copyLink(block.uuid) },
    ...(block.file ? [{ label: "Open its file", icon: icon(FileCode2), hint: block.file, onSelect: () => openFile(block.file as string) }] : []),
    { separator: true },
    { label: "Delete", icon: icon(Trash2), keys: "D D", danger: true, onSelect: () => void deleteBlock(session, block.uuid, select) },
  ];
}

function besideItem(navigation: Navigation, block: BlockDetail, beside: boolean): MenuItem {
  return { label: beside ? "Put it back into its place" : "Show it beside the others", icon: icon(Columns2), keys: "S", onSelect: () => navigation.beside(beside ? null : block.uuid) };
}

function conversions(session: EditorSession, block: BlockDetail, select: Navigation["select"]): MenuItem[] {
  const found: MenuItem[] = [];
  if (CONVERTIBLE.includes(block.type)) {
    const items = CONVERTIBLE.filter((type) => type !== block.type && (KINDS[type]?.languages ?? []).includes(block.language)).map((type) => ({
      label: kindOf(type).word,
      hint: kindOf(type).purpose,
      onSelect: () => void changeBlock(session, block.uuid, { type }, select),
    }));
    found.push({ label: "Convert to", icon: icon(Shapes), items });
  }
  const languages = kindOf(block.type).languages.filter((language) => language !== block.language);
  if (CONVERTIBLE.includes(block.type) && languages.length > 0) {
    const items = languages.map((language) => ({
      label: languageOf(language).word,
      onSelect: () => void changeBlock(session, block.uuid, { language }, select),
    }));
    found.push({ label: "Change language", icon: icon(FileCode2), items });
  }
  return found;
}

function colours(session: EditorSession, block: BlockDetail): MenuItem[] {
  const set = (color: string | null) => () => void changeBlock(session, block.uuid, { color });
  return [
    { label: "That of its type", checked: block.color === null, onSelect: set(null) },
    ...COLOUR_NAMES.map((name) => ({ label: name, checked: block.color === name, onSelect: set(name) })),
  ];
}

function sharedHint(block: BlockDetail): string {
  if (block.replicated_block) return `It runs the code of ${block.replicated_block}`;
  return `Also used by ${block.shared_with.slice(0, 3).join(", ")}${block.shared_with.length > 3 ? ", …" : ""}`;
}

function copyLink(block: string): void {
  const url = new URL(window.location.href);
  url.search = "";
  url.searchParams.set("block", block);
  void navigator.clipboard.writeText(url.href).then(() => toast("Copied the link.", { seconds: 2 }));
}
