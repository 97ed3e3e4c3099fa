import { Plus } from "lucide-react";
import { Fragment, memo, useRef, type CSSProperties, type DragEvent } from "react";
import type { BlockDetail } from "../../../api/types";
import { usePreferences } from "../../../app/preferences";
import { EmptyPipeline } from "../add/EmptyPipeline";
import { addBlock, moveBlock } from "../session/changes";
import { useSession, useUi } from "../session/context";
import { useNavigation } from "../session/selection";
import { LooseAddOns } from "./AddOns";
import { BesideStub } from "./Beside";
import { BlockCard } from "./BlockCard";

/** All blocks of the pipeline, one below the other, in the order of its file. */
export const Notebook = memo(function Notebook({ blocks, selected, beside }: { blocks: BlockDetail[]; selected: string | null; beside: string | undefined }) {
  const session = useSession();
  const size = usePreferences((preferences) => preferences.fontSize);
  const list = useRef<HTMLDivElement>(null);
  const over = (event: DragEvent) => {
    const { drag } = session.ui.getState();
    if (!drag) return;
    event.preventDefault();
    const after = placeAt(list.current, event.clientY);
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
    <div data-notebook className="h-full overflow-y-auto bg-s1 px-3 pt-1" style={{ "--code-size": `${size}px` } as CSSProperties} onDragOver={over} onDrop={drop}>
      {blocks.length === 0 ? (
        <EmptyPipeline />
      ) : (
        <div ref={list} role="group" aria-label="Blocks" className="mx-auto max-w-5xl pb-[30vh]">
          <AddLine after={null} upstream={[]} />
          {blocks.map((block, index) => (
            <Fragment key={block.uuid}>
              {block.uuid === beside ? <BesideStub block={block} index={index} /> : <BlockCard block={block} index={index} count={blocks.length} selected={block.uuid === selected} />}
              {index < blocks.length - 1 && <AddLine after={block.uuid} upstream={block.accepts_upstream ? [block.uuid] : []} />}
            </Fragment>
          ))}
          <LooseAddOns />
          <AddAtEnd last={blocks.at(-1)} />
        </div>
      )}
    </div>
  );
});

/** The block that something dropped at this height would stand behind; null for the first place. */
function placeAt(list: HTMLElement | null, y: number): string | null {
  let after: string | null = null;
  for (const card of list?.querySelectorAll<HTMLElement>("[data-block]") ?? []) {
    const { top, height } = card.getBoundingClientRect();
    if (y < top + height / 2) break;
    after = card.dataset.block ?? null;
  }
  return after;
}

/** The room between two blocks: a line to drop at, and a button to add one. */
function AddLine({ after, upstream }: { after: string | null; upstream: string[] }) {
  const session = useSession();
  const target = useUi((ui) => ui.drag !== null && ui.drag.after === after && ui.drag.block !== after);
  return (
    <div className="relative flex h-4 items-center justify-center">
      {target && <div className="absolute inset-x-0 top-1/2 h-0.5 -translate-y-1/2 rounded bg-accent" />}
      <button
        type="button"
        tabIndex={-1}
        aria-label={after === null ? "Add a block at the top" : `Add a block after ${after}`}
        className="add-line flex h-4 w-full items-center gap-2 text-muted"
        onClick={() => session.ui.setState({ adding: { after, upstream } })}
      >
        <span className="h-px flex-1 bg-line-strong" />
        <Plus size={13} aria-hidden="true" />
        <span className="h-px flex-1 bg-line-strong" />
      </button>
    </div>
  );
}

const QUICK = [
  { label: "Python", language: "python" },
  { label: "SQL", language: "sql" },
  { label: "Text", type: "markdown", language: "markdown" },
  { label: "Scratchpad", type: "scratchpad", language: "python" },
];

function AddAtEnd({ last }: { last: BlockDetail | undefined }) {
  const session = useSession();
  const { select } = useNavigation();
  const after = last?.uuid ?? null;
  const upstream = last?.accepts_upstream ? [last.uuid] : [];
  // Behind a block that gives something, code makes data from it; else it begins with data of its own.
  const kind = upstream.length > 0 ? "transformer" : "data_loader";
  const button = "inline-flex h-7 items-center gap-1 rounded-control border border-line bg-s0 px-2.5 text-ui text-muted hover:bg-s2 hover:text-fg";
  return (
    <div className="mt-3 flex flex-wrap items-center gap-2" role="group" aria-label="Add a block at the end">
      <button type="button" className={`${button} font-medium`} onClick={() => session.ui.setState({ adding: { after, upstream } })}>
        <Plus size={13} aria-hidden="true" /> Add a block…
      </button>
      {QUICK.map(({ label, type, language }) => (
        <button key={label} type="button" className={button} onClick={() => void addBlock(session, { type: type ?? kind, language, after, upstream: type ? [] : upstream }, select)}>
          {label}
        </button>
      ))}
    </div>
  );
}
