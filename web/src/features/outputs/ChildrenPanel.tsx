import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { BlockRun, RunDetail } from "../../api/types";
import { counted, seconds } from "../../app/format";
import { cx } from "../../ui/cx";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Input } from "../../ui/fields";
import { SplitPane } from "../../ui/SplitPane";
import { StatusBadge } from "../../ui/status";
import { statusOf, useRun } from "../runs/queries";
import { childrenOf, tally } from "./children";
import { OutputPanel } from "./OutputPanel";

const ROW = 26;

interface Props {
  pipeline: string;
  block: string;
  run: string;
  /** The child that is shown; kept in the address by the page. */
  child: string | undefined;
  onChild: (child: string) => void;
  onOpen?: (file: string, line: number) => void;
}

/** What a block came to that ran once for each item: its children with how they stand, and the output of one of them. */
export function ChildrenPanel({ pipeline, block, run, child, onChild, onOpen }: Props) {
  const found = useRun(run);
  const [text, setText] = useState("");
  const all = useMemo(() => childrenOf(found.data?.blocks ?? [], block), [found.data, block]);
  if (found.isPending) return <div className="p-3"><Spinner label="Reading the children" /></div>;
  if (found.error) return <ErrorCard className="m-3" error={found.error} />;
  if (all.length === 0) return <NoChildren state={found.data.blocks.find((one) => one.block === block)?.state} />;
  const shown = text === "" ? all : all.filter((one) => one.block.toLowerCase().includes(text.toLowerCase()));
  const chosen = all.find((one) => one.block === child) ?? all[0];
  const list = (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-none items-center gap-2 border-b border-line px-2 py-1">
        <span role="status" className="min-w-0 flex-1 truncate text-meta text-muted" title={tally(all)}>{tally(all)}</span>
        {all.length > 10 && <Input aria-label="Find a child" placeholder="Find" className="!w-28" value={text} onChange={(event) => setText(event.target.value)} />}
      </div>
      <List children={shown} block={block} chosen={chosen?.block} onChild={onChild} />
    </div>
  );
  return <SplitPane name="children" direction="vertical" panes={[{ id: "children", size: 30, min: 12, content: list }, { id: "output", size: 70, min: 30, content: chosen && <Output pipeline={pipeline} child={chosen} run={found.data} onOpen={onOpen} /> }]} />;
}

function NoChildren({ state }: { state: BlockRun["state"] | undefined }) {
  if (state === "running" || state === "queued" || state === "initial") return <EmptyState title="Running"><Spinner label="Its children appear when it is known what they are" /></EmptyState>;
  return <EmptyState title="No children">What it runs for gave nothing, so it did not run.</EmptyState>;
}

function Output({ pipeline, child, run, onOpen }: { pipeline: string; child: BlockRun; run: RunDetail; onOpen?: Props["onOpen"] }) {
  const partition = run.partition === "_" || run.partition === "" ? undefined : run.partition;
  return <OutputPanel key={child.block} pipeline={pipeline} block={child.block} status={statusOf(child)} version={child.ref?.version} partition={partition} onOpen={onOpen} />;
}

/** A list of any length; arrows go through it. */
function List({ children, block, chosen, onChild }: { children: BlockRun[]; block: string; chosen: string | undefined; onChild: (child: string) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: children.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 8 });
  const at = children.findIndex((one) => one.block === chosen);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at);
  }, [at, virtual]);
  const onKey = (event: KeyboardEvent) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: children.length - 1 }[event.key];
    const next = to === undefined ? undefined : children[Math.max(0, Math.min(children.length - 1, to))];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    onChild(next.block);
  };
  return (
    <div ref={box} role="listbox" aria-label={`Children of ${block}`} aria-activedescendant={at >= 0 ? `child-${at}` : undefined} tabIndex={0} className="min-h-0 flex-1 overflow-y-auto" onKeyDown={onKey}>
      <div className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const one = children[item.index];
          if (!one) return null;
          const rows = one.outputs.find((output) => output.rows !== null)?.rows;
          return (
            <div
              key={one.block}
              id={`child-${item.index}`}
              role="option"
              aria-selected={one.block === chosen}
              className={cx("absolute inset-x-0 flex cursor-pointer items-center gap-2 px-2", one.block === chosen ? "bg-accent-soft" : "hover:bg-s2")}
              style={{ height: ROW, transform: `translateY(${item.start}px)` }}
              onClick={() => onChild(one.block)}
            >
              <span className="min-w-0 flex-1 truncate">{one.block.slice(block.length + 1)}</span>
              {rows !== undefined && rows !== null && <span className="tabular text-meta text-muted">{counted(rows, "row")}</span>}
              {one.seconds !== null && <span className="tabular text-meta text-muted">{seconds(one.seconds)}</span>}
              <StatusBadge state={one.state} plain />
            </div>
          );
        })}
      </div>
    </div>
  );
}
