import { Columns2, X } from "lucide-react";
import { type CSSProperties } from "react";
import type { BlockDetail } from "../../../api/types";
import { usePreferences } from "../../../app/preferences";
import { IconButton } from "../../../ui/Button";
import { useNavigation } from "../session/selection";
import { BlockCard } from "./BlockCard";

/** A block beside the others, so that two are read and written at once; it has one place only, so the notebook leaves it out. */
export function Beside({ block, index, count, selected }: { block: BlockDetail; index: number; count: number; selected: boolean }) {
  const { beside } = useNavigation();
  const size = usePreferences((preferences) => preferences.fontSize);
  return (
    <section aria-label="Beside" className="flex h-full min-h-0 flex-col bg-s1" style={{ "--code-size": `${size}px` } as CSSProperties}>
      <div className="flex h-9 flex-none items-center gap-2 border-b border-line bg-s0 px-3">
        <Columns2 size={14} aria-hidden="true" className="text-muted" />
        <span className="min-w-0 flex-1 truncate text-muted">{block.name}, beside the others</span>
        <IconButton label={`Put ${block.name} back into its place`} onClick={() => beside(null)}><X size={14} aria-hidden="true" /></IconButton>
      </div>
      <div data-notebook className="min-h-0 flex-1 overflow-y-auto p-3"><BlockCard block={block} index={index} count={count} selected={selected} /></div>
    </section>
  );
}

/** Where a block would stand that is shown beside the others. */
export function BesideStub({ block, index }: { block: BlockDetail; index: number }) {
  const { beside } = useNavigation();
  return (
    <div data-block={block.uuid} className="flex h-9 items-center gap-2 rounded-card border border-dashed border-line-strong px-3 text-muted">
      <span className="tabular text-meta">{index + 1}</span>
      <span className="min-w-0 flex-1 truncate">{block.name} is at the right</span>
      <button type="button" className="text-accent underline" onClick={() => beside(null)}>Put it back</button>
    </div>
  );
}
