import { Plus, X } from "lucide-react";
import type { BlockDetail } from "../../../api/types";
import { cx } from "../../../ui/cx";
import { Menu } from "../../../ui/Menu";
import { toast } from "../../../ui/toasts";
import { useBlocks, useSession } from "../session/context";
import { useNavigation } from "../session/selection";
import { wire } from "../session/changes";
import { reach } from "../status/order";

const SHOWN = 4;

/** Where a block's inputs come from, in the order of its arguments: go there, take one away, add one. */
export function UpstreamChips({ block }: { block: BlockDetail }) {
  const session = useSession();
  const { select } = useNavigation();
  if (!block.accepts_upstream) return null;
  const remove = (gone: string) => {
    const before = block.upstream;
    void wire(session, block.uuid, before.filter((one) => one !== gone));
    toast(`${block.name} no longer takes ${gone}.`, { action: { label: "Undo", run: () => void wire(session, block.uuid, before) } });
  };
  const shown = block.upstream.slice(0, SHOWN);
  const rest = block.upstream.slice(SHOWN);
  return (
    <span className="inline-flex min-w-0 items-center gap-1 text-meta text-muted">
      {block.upstream.length > 0 && <span>from</span>}
      {shown.map((upstream) => (
        <span key={upstream} className="group/chip inline-flex min-w-0 items-center rounded-control bg-s2">
          <button type="button" className="min-w-0 truncate px-1 leading-4 text-fg hover:underline" title={`Go to ${upstream}`} onClick={() => select(upstream)}>{upstream}</button>
          <button type="button" aria-label={`Take ${upstream} away from ${block.name}`} className="pr-0.5 text-muted opacity-0 focus-visible:opacity-100 group-hover/chip:opacity-100 hover:text-failed" onClick={() => remove(upstream)}>
            <X size={11} aria-hidden="true" />
          </button>
        </span>
      ))}
      {rest.length > 0 && (
        <Menu items={rest.map((upstream) => ({ label: upstream, onSelect: () => select(upstream) }))}>
          <button type="button" className="rounded-control bg-s2 px-1 leading-4 hover:text-fg">+{rest.length}</button>
        </Menu>
      )}
      <AddUpstream block={block} />
    </span>
  );
}

function AddUpstream({ block }: { block: BlockDetail }) {
  const session = useSession();
  const blocks = useBlocks();
  const below = reach(blocks, block.uuid, "down");
  const free = blocks.filter((one) => one.uuid !== block.uuid && !block.upstream.includes(one.uuid) && one.type !== "markdown" && one.type !== "scratchpad");
  const items = free.map((one) => ({
    label: one.name,
    disabled: below.has(one.uuid),
    hint: below.has(one.uuid) ? "Comes after this block: that would be a ring" : undefined,
    onSelect: () => void wire(session, block.uuid, [...block.upstream, one.uuid]),
  }));
  if (items.length === 0) return null;
  return (
    <Menu items={[{ heading: "Take the output of" }, ...items]}>
      <button type="button" aria-label={`Add an input to ${block.name}`} title="Add an input" className={cx("inline-flex items-center gap-0.5 rounded-control px-0.5 leading-4 hover:bg-s2 hover:text-fg", block.upstream.length === 0 && "opacity-0 focus-visible:opacity-100 group-hover:opacity-100 data-[state=open]:opacity-100")}>
        <Plus size={11} aria-hidden="true" />
        {block.upstream.length === 0 && <span className="pr-0.5">input</span>}
      </button>
    </Menu>
  );
}
