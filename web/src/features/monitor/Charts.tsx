import { useState } from "react";
import type { MonitorDay } from "../../api/orchestration";
import { count, seconds } from "../../app/format";
import { pieces, STACK, topOf, type SpreadDay } from "./model";

const HEIGHT = 160;

/** Runs of each day as columns, by how they ended; the day that is pointed at is told in words. */
export function RunsByDay({ days, onDay }: { days: readonly MonitorDay[]; onDay: (day: string) => void }) {
  const [at, setAt] = useState<number | null>(null);
  const columns = days.map((one) => ({ day: one.day, ...pieces(one.runs) }));
  const top = topOf(columns.reduce((most, one) => Math.max(most, one.total), 0));
  const width = 100 / Math.max(1, columns.length);
  const y = (value: number) => HEIGHT - (HEIGHT * value) / top;
  const shown = at === null ? null : columns[at];
  const used = STACK.filter((one) => days.some((day) => (day.runs[one.state] ?? 0) > 0));
  return (
    <div>
      <div className="flex gap-2">
        <div aria-hidden="true" className="tabular flex w-10 flex-none flex-col justify-between text-right text-meta text-muted" style={{ height: HEIGHT }}><span>{count(top)}</span><span>0</span></div>
        <div className="relative min-w-0 flex-1 border-b border-line" style={{ height: HEIGHT }} onMouseLeave={() => setAt(null)}>
          {columns.map((column, index) => (
            <button
              key={column.day}
              type="button"
              className="absolute bottom-0 h-full px-px hover:bg-s2 focus-visible:bg-s2"
              style={{ left: `${index * width}%`, width: `${width}%` }}
              aria-label={told(column.day, column)}
              onMouseEnter={() => setAt(index)}
              onFocus={() => setAt(index)}
              onBlur={() => setAt(null)}
              onClick={() => onDay(column.day)}
            >
              <svg width="100%" height={HEIGHT} aria-hidden="true" className="block">
                {column.pieces.map((piece) => <rect key={piece.state} x="8%" width="84%" y={y(piece.to)} height={Math.max(1, y(piece.from) - y(piece.to) - (piece.from > 0 ? 1 : 0))} fill={piece.colour} />)}
              </svg>
            </button>
          ))}
        </div>
      </div>
      <div aria-hidden="true" className="ml-12 flex justify-between text-meta text-muted"><span>{days[0]?.day}</span><span>{days.at(-1)?.day}</span></div>
      <p className="ml-12 mt-1 flex min-h-5 flex-wrap gap-x-4 text-[12px]" role="status">
        {shown ? told(shown.day, shown) : used.map((one) => <span key={one.state} className="inline-flex items-center gap-1.5"><span aria-hidden="true" className="h-2.5 w-2.5 rounded-[2px]" style={{ background: one.colour }} />{one.word}</span>)}
      </p>
    </div>
  );
}

function told(day: string, column: { total: number; pieces: { count: number; word: string }[] }): string {
  return `${day}: ${column.total === 0 ? "no runs" : `${count(column.total)} ${column.total === 1 ? "run" : "runs"}, ${column.pieces.map((one) => `${count(one.count)} ${one.word}`).join(", ")}`}`;
}

/** How a figure went from day to day: the middle as a line, all but the slowest twentieth as an area. */
export function Spread({ days, label }: { days: readonly SpreadDay[]; label: string }) {
  const top = days.reduce((most, one) => Math.max(most, one.p95), 0) || 1;
  const x = (index: number) => (100 * index) / Math.max(1, days.length - 1);
  const y = (value: number) => 28 - (26 * value) / top;
  const path = (key: "p50" | "p95") => days.map((one, index) => `${index === 0 ? "M" : "L"}${x(index)} ${y(one[key])}`).join("");
  return (
    <svg role="img" aria-label={label} viewBox="0 0 100 30" preserveAspectRatio="none" className="h-16 w-full">
      <path d={`${path("p95")}L100 30L0 30Z`} fill="var(--accent-soft)" />
      <path d={path("p95")} fill="none" stroke="var(--line-strong)" strokeWidth={1} vectorEffect="non-scaling-stroke" />
      <path d={path("p50")} fill="none" stroke="var(--accent)" strokeWidth={1.5} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

export function spreadWords(line: Pick<SpreadDay, "p50" | "p95">): string {
  return `half within ${seconds(line.p50)}, 95 of 100 within ${seconds(line.p95)}`;
}
