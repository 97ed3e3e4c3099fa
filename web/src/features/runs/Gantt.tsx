import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { RunDetail } from "../../api/types";
import { useKeyNotes } from "../../app/commands";
import { count, seconds } from "../../app/format";
import { cx } from "../../ui/cx";
import { lookOf } from "../../ui/status";
import { barsOf, parentOf, ticks, tickWords, type Bar, type Group } from "./gantt";

const ROW = 28;

/** When each block ran: waiting hatched, what the run had to wait for in bold; only the rows in view are drawn. */
export function Gantt({ run, selected, onSelect }: { run: RunDetail; selected: string | null; onSelect: (block: string) => void }) {
  const running = run.state === "running";
  const now = useNow(running);
  const [opened, setOpened] = useState<ReadonlySet<string>>(NONE);
  const { bars, length } = useMemo(() => barsOf(run.started, running ? now : (run.ended ?? now), run.blocks, opened), [run, running, now, opened]);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: bars.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 12, scrollMargin: 24 });
  const grouped = bars.some((bar) => bar.group);
  const at = bars.findIndex((bar) => bar.block === selected);
  const toggle = (block: string) => setOpened((held) => (held.has(block) ? new Set([...held].filter((one) => one !== block)) : new Set([...held, block])));
  // What is selected when the page opens, the block that failed, is in view.
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (selected === null || shown.current === selected) return;
    const parent = parentOf(selected, new Set(run.blocks.map((block) => block.block)));
    if (at < 0 && parent !== null) setOpened((held) => new Set([...held, parent]));
    else if (at >= 0) {
      shown.current = selected;
      virtual.scrollToIndex(at);
    }
  }, [selected, at, run.blocks, virtual]);
  const onKey = (event: KeyboardEvent) => {
    const bar = bars[at];
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: bars.length - 1 }[event.key];
    if (to !== undefined && bars[to]) {
      onSelect(bars[to].block);
      virtual.scrollToIndex(to);
    } else if (bar?.group && ((event.key === "ArrowRight" && !bar.group.open) || (event.key === "ArrowLeft" && bar.group.open))) toggle(bar.block);
    else return;
    event.preventDefault();
  };
  useKeyNotes("Run", [["The next block, the one before", "ArrowDown", "ArrowUp"], ["The first block, the last", "Home", "End"], ...(grouped ? [["Show the children of the block, hide them", "ArrowRight", "ArrowLeft"] as [string, ...string[]]] : [])]);
  const share = (value: number) => `${(100 * value) / length}%`;
  return (
    <div ref={box} className="h-full overflow-y-auto" role="listbox" aria-label="Blocks by time" tabIndex={0} aria-activedescendant={at >= 0 ? `bar-${at}` : undefined} onKeyDown={onKey}>
      <div role="presentation" className="sticky top-0 z-[1] flex h-6 border-b border-line bg-s0 text-meta text-muted">
        <span className="w-40 flex-none px-2 leading-6 sm:w-56">Block</span>
        <div className={cx("relative flex-1", grouped ? "mr-32" : "mr-20")}>
          {ticks(length, 3).map((tick, index, all) => (index % 2 === 0 || all.length < 4) && <span key={tick} className="tabular absolute whitespace-nowrap leading-6" style={{ left: share(tick) }}>{tickWords(tick)}</span>)}
        </div>
      </div>
      <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const bar = bars[item.index];
          return bar && (
            <div
              key={bar.block}
              id={`bar-${item.index}`}
              role="option"
              aria-selected={bar.block === selected}
              aria-setsize={bars.length}
              aria-posinset={item.index + 1}
              onClick={() => onSelect(bar.block)}
              className={cx("absolute inset-x-0 flex items-center text-left hover:bg-s1", bar.block === selected && "bg-accent-soft")}
              style={{ height: ROW, transform: `translateY(${item.start - 24}px)` }}
            >
              <Name bar={bar} onToggle={() => toggle(bar.block)} />
              <Stretch bar={bar} share={share} />
              <span className={cx(grouped ? "w-32" : "w-20", "flex flex-none items-center justify-end gap-2 px-2 text-right text-[12px] text-muted")}>
                {bar.group && <Histogram group={bar.group} />}
                <span className="tabular whitespace-nowrap">{bar.started !== null && bar.ended !== null ? seconds(bar.ended - bar.started) : ""}</span>
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

const NONE: ReadonlySet<string> = new Set();

function Name({ bar, onToggle }: { bar: Bar; onToggle: () => void }) {
  const look = lookOf(bar.state);
  const Icon = look.icon;
  const Arrow = bar.group?.open ? ChevronDown : ChevronRight;
  return (
    <span className={cx("flex w-40 flex-none items-center gap-1.5 px-2 sm:w-56", bar.child && "pl-7")}>
      {/* The row itself is what is pressed by keyboard: arrows open and close it. */}
      {bar.group && <span aria-hidden="true" className="-ml-1 flex-none cursor-pointer text-muted hover:text-fg" onClick={(event) => { event.stopPropagation(); onToggle(); }}><Arrow size={13} /></span>}
      <Icon size={12} aria-hidden="true" className={bar.state === "running" ? "flex-none animate-spin" : "flex-none"} style={{ color: `var(--${look.tone})` }} />
      <span className={cx("truncate", bar.critical && "font-semibold")} title={bar.critical ? `${bar.block}: the run had to wait for it` : bar.block}>{bar.child ? bar.block.slice(bar.block.indexOf(":") + 1) : bar.block}</span>
      {bar.started !== null && <span className="sr-only">{look.word}{bar.critical ? ", the run had to wait for it" : ""}</span>}
      {bar.group && <span className="tabular flex-none text-meta text-muted" title={`${count(bar.group.count)} times: ${count(bar.group.done)} done, ${count(bar.group.failed)} failed`}>×{count(bar.group.count)}{bar.group.failed > 0 && <b className="text-failed"> {count(bar.group.failed)} failed</b>}</span>}
    </span>
  );
}

const HATCHED = "repeating-linear-gradient(135deg, var(--waiting) 0 2px, transparent 2px 5px)";

function Stretch({ bar, share }: { bar: Bar; share: (value: number) => string }) {
  const look = lookOf(bar.state);
  return (
    <span className="relative h-full flex-1">
      {bar.started !== null && bar.ended !== null ? (
        <>
          {bar.started > bar.queued && <span className="absolute top-3 h-1 opacity-60" style={{ left: share(bar.queued), width: share(bar.started - bar.queued), background: HATCHED }} title="waiting" />}
          <span className={cx("absolute rounded-[2px]", bar.critical ? "top-1.5 h-4" : "top-2 h-3")} style={{ left: share(bar.started), width: `max(2px, ${share((bar.waits ?? bar.ended) - bar.started)})`, background: `var(--${look.tone})`, opacity: bar.critical ? 1 : 0.5 }} />
          {bar.waits !== null && bar.ended > bar.waits && <span className="absolute top-3 h-1 opacity-60" style={{ left: share(bar.waits), width: share(bar.ended - bar.waits), background: HATCHED }} title="waiting for its next attempt" />}
        </>
      ) : (
        <span className="absolute left-0 text-[12px] leading-7 text-muted">{look.word}{bar.before && " before this try"}</span>
      )}
    </span>
  );
}

/** How long the children took: most of them at the left, or a few that take long at the right. */
function Histogram({ group }: { group: Group }) {
  const most = group.histogram.reduce((held, one) => Math.max(held, one), 1);
  return (
    <svg width={42} height={16} aria-hidden="true" className="flex-none">
      <title>{`How long each of the ${count(group.count)} took, up to ${seconds(group.longest)}`}</title>
      {group.histogram.map((one, index) => one > 0 && <rect key={index} x={index * 3} width={2} y={16 - Math.max(2, (16 * one) / most)} height={Math.max(2, (16 * one) / most)} fill="var(--text-muted)" />)}
    </svg>
  );
}

function useNow(running: boolean): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setNow(Date.now() / 1000), 500);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
