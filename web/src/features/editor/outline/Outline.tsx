import { memo, useEffect, useRef, type DragEvent, type KeyboardEvent } from "react";
import type { BlockDetail, VariableDetail } from "../../../api/types";
import { seconds } from "../../../app/format";
import { cx } from "../../../ui/cx";
import { lookOf } from "../../../ui/status";
import { moveBlock, stepBlock } from "../session/changes";
import { useBlockStatus, useDetail, usePhase, useSession, useUi } from "../session/context";
import { useNavigation } from "../session/selection";
import { ASIDE, edgeColour } from "../notebook/kinds";

const NONE: VariableDetail[] = [];

/** The blocks as a list, with how each stands, and the variables that the pipeline runs with. */
export const Outline = memo(function Outline({ blocks, selected }: { blocks: BlockDetail[]; selected: string | null }) {
  const session = useSession();
  const { select, show } = useNavigation();
  const variables = useDetail((detail) => detail.variables) ?? NONE;
  const onKey = (event: KeyboardEvent) => {
    const at = blocks.findIndex((block) => block.uuid === selected);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || (event.altKey && at < 0)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.altKey) void stepBlock(session, blocks[at]?.uuid ?? "", step as 1 | -1);
    else select(blocks[Math.max(0, Math.min(blocks.length - 1, at + step))]?.uuid ?? null);
  };
  const over = (event: DragEvent) => {
    const { drag } = session.ui.getState();
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-row]") : null;
    if (!drag || !row) return;
    event.preventDefault();
    const { top, height } = row.getBoundingClientRect();
    const at = Number(row.dataset.row) - (event.clientY < top + height / 2 ? 1 : 0);
    const after = blocks[at]?.uuid ?? null;
    if (after !== drag.after) session.ui.setState({ drag: { ...drag, after } });
  };
  const drop = (event: DragEvent) => {
    const { drag } = session.ui.getState();
    if (!drag) return;
    event.preventDefault();
    session.ui.setState({ drag: null });
    if (drag.after !== drag.block) void moveBlock(session, drag.block, drag.after);
  };
  return (
    <nav aria-label="Outline" className="@container flex h-full flex-col overflow-hidden bg-s1">
      <h2 className="px-3 pb-1 pt-2 text-meta font-semibold uppercase tracking-wide text-muted">Blocks</h2>
      {blocks.length === 0 && <p className="flex-1 px-3 text-meta text-muted">None yet.</p>}
      <div hidden={blocks.length === 0} role="listbox" aria-label="Blocks" tabIndex={0} className="min-h-0 flex-1 overflow-y-auto px-1.5 pb-2" onKeyDown={onKey} onDragOver={over} onDrop={drop}>
        {blocks.map((block, index) => (
          <Row key={block.uuid} block={block} index={index} selected={block.uuid === selected} />
        ))}
      </div>
      <div className="max-h-[35%] flex-none overflow-y-auto border-t border-line px-3 py-2">
        <div className="flex items-center">
          <h2 className="flex-1 text-meta font-semibold uppercase tracking-wide text-muted">Variables</h2>
          <button type="button" className="text-meta text-accent hover:underline" onClick={() => show({ view: "variables" })}>{variables.length === 0 ? "Add" : "Edit"}</button>
        </div>
        {variables.map((one) => (
          <div key={one.name} className="flex gap-1 truncate font-mono text-meta" title={`${one.name} = ${JSON.stringify(one.value)}`}>
            <span>{one.name}</span>
            <span className="truncate text-muted">{JSON.stringify(one.value)}</span>
          </div>
        ))}
      </div>
    </nav>
  );
});

const TONES = { ok: "text-ok", running: "text-running", failed: "text-failed", waiting: "text-waiting", stale: "text-stale" };

const Row = memo(function Row({ block, index, selected }: { block: BlockDetail; index: number; selected: boolean }) {
  const session = useSession();
  const { select } = useNavigation();
  const status = useBlockStatus(block.uuid);
  const phase = usePhase(block.uuid);
  const row = useRef<HTMLDivElement>(null);
  const marked = useUi((ui) => ui.drag !== null && ui.drag.after === block.uuid && ui.drag.block !== block.uuid);
  const aside = ASIDE.has(block.type);
  const state = status?.stale && status.state === "completed" ? "stale" : (status?.state ?? "never");
  const look = lookOf(state);
  const Icon = look.icon;
  useEffect(() => {
    if (selected) row.current?.scrollIntoView({ block: "nearest" });
  }, [selected]);
  return (
    <div
      ref={row}
      role="option"
      aria-selected={selected}
      data-row={index}
      draggable
      className={cx(
        "flex h-6 cursor-pointer items-center gap-1.5 rounded-control px-1.5 text-[12.5px]",
        selected ? "bg-accent-soft font-medium" : "hover:bg-s2",
        marked && "shadow-[0_2px_0_var(--accent)]",
      )}
      onClick={() => select(block.uuid)}
      onDoubleClick={() => session.ui.setState({ focus: { block: block.uuid } })}
      onDragStart={(event) => {
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("application/x-penstock-block", block.uuid);
        session.ui.setState({ drag: { block: block.uuid, after: block.uuid } });
      }}
      onDragEnd={() => session.ui.setState({ drag: null })}
    >
      <span className="h-3.5 w-1 flex-none rounded-full" style={{ background: edgeColour(block) }} />
      <span className="min-w-0 flex-1 truncate" title={block.name}>{block.name}</span>
      {phase !== null && phase !== "saved" && <span className={cx("flex-none text-meta", phase === "conflict" || phase === "gone" || phase === "problem" ? "text-failed" : "text-muted")} title={phase === "conflict" ? "Changed elsewhere" : phase === "gone" ? "File deleted on disk" : "Not saved yet"}>●</span>}
      {!aside && (
        <span className={cx("inline-flex flex-none items-center gap-1", TONES[look.tone])} title={status?.stale || look.word}>
          {status?.seconds != null && state === "completed" && <span className="tabular hidden text-meta text-muted @min-[210px]:inline">{seconds(status.seconds)}</span>}
          <Icon size={12} className={state === "running" ? "animate-spin" : undefined} aria-hidden="true" />
          <span className="sr-only">{look.word}</span>
        </span>
      )}
    </div>
  );
});
