import { useEffect, useMemo, useState } from "react";
import type { RunDetail } from "../../api/types";
import { seconds } from "../../app/format";
import { lookOf } from "../../ui/status";
import { barsOf, ticks } from "./gantt";

/** When each block ran: waiting hatched, what the run had to wait for in full colour. */
export function Gantt({ run, selected, onSelect }: { run: RunDetail; selected: string | null; onSelect: (block: string) => void }) {
  const running = run.state === "running";
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setNow(Date.now() / 1000), 500);
    return () => clearInterval(timer);
  }, [running]);
  const { bars, length } = useMemo(() => barsOf(run.started, running ? now : (run.ended ?? now), run.blocks), [run, running, now]);
  const share = (value: number) => `${(100 * value) / length}%`;
  return (
    <div className="h-full overflow-y-auto" role="listbox" aria-label="Blocks by time">
      <div className="sticky top-0 z-[1] flex h-6 border-b border-line bg-s0 text-meta text-muted">
        <span className="w-40 flex-none px-2 leading-6 sm:w-56">Block</span>
        <div className="relative mr-20 flex-1">
          {ticks(length).map((tick) => <span key={tick} className="tabular absolute whitespace-nowrap leading-6 max-sm:even:hidden" style={{ left: share(tick) }}>{seconds(tick)}</span>)}
        </div>
      </div>
      {bars.map((bar) => {
        const look = lookOf(bar.state);
        const Icon = look.icon;
        return (
          <button key={bar.block} type="button" role="option" aria-selected={bar.block === selected} onClick={() => onSelect(bar.block)} className={`flex h-7 w-full items-center text-left hover:bg-s1 ${bar.block === selected ? "bg-accent-soft" : ""}`}>
            <span className="flex w-40 flex-none items-center gap-1.5 px-2 sm:w-56">
              <Icon size={12} aria-label={look.word} className={bar.state === "running" ? "flex-none animate-spin" : "flex-none"} style={{ color: `var(--${look.tone})` }} />
              <span className={`truncate ${bar.critical ? "font-semibold" : ""}`} title={bar.critical ? `${bar.block}: the run had to wait for it` : bar.block}>{bar.block}</span>
            </span>
            <span className="relative h-full flex-1">
              {bar.started !== null && bar.ended !== null ? (
                <>
                  {bar.started > bar.queued && <span className="absolute top-3 h-1 opacity-60" style={{ left: share(bar.queued), width: share(bar.started - bar.queued), background: "repeating-linear-gradient(135deg, var(--waiting) 0 2px, transparent 2px 5px)" }} title="waiting" />}
                  <span className="absolute top-2 h-3 rounded-[2px]" style={{ left: share(bar.started), width: `max(2px, ${share(bar.ended - bar.started)})`, background: `var(--${look.tone})`, opacity: bar.critical ? 1 : 0.5 }} />
                </>
              ) : (
                <span className="absolute left-0 text-[12px] leading-7 text-muted">{look.word}</span>
              )}
            </span>
            <span className="tabular w-20 flex-none px-2 text-right text-[12px] text-muted">{bar.started !== null && bar.ended !== null ? seconds(bar.ended - bar.started) : ""}</span>
          </button>
        );
      })}
    </div>
  );
}
