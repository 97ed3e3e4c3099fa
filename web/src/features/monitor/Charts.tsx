import { useState, type ReactNode } from "react";
import type { MonitorDay } from "../../api/orchestration";
import { count, seconds } from "../../app/format";
import { pieces, STACK, topOf, type SpreadDay } from "./model";

const HEIGHT = 160;
const LOW = 72;

interface Axis {
  days: readonly string[];
  /** What is told of each day. */
  words: readonly string[];
  top: string;
  height: number;
  /** Behind the days, over their whole width. */
  children?: ReactNode;
  /** In the place of a day. */
  inside?: (index: number) => ReactNode;
  /** Told while no day is pointed at. */
  legend: ReactNode;
  onDay: (day: string) => void;
}

/** Days from left to right: the one that is pointed at, or reached by Tab, is told in words, and pressing it shows its runs. */
function Days({ days, words, top, height, children, inside, legend, onDay }: Axis) {
  const [at, setAt] = useState<number | null>(null);
  const width = 100 / Math.max(1, days.length);
  const middle = days[Math.floor(days.length / 2)];
  return (
    <div>
      <div className="flex gap-2">
        <div aria-hidden="true" className="tabular flex w-14 flex-none flex-col justify-between whitespace-nowrap text-right text-meta text-muted" style={{ height }}><span>{top}</span><span>0</span></div>
        <div className="relative min-w-0 flex-1 border-b border-line" style={{ height }} onMouseLeave={() => setAt(null)}>
          {children}
          {days.map((day, index) => (
            <button
              key={day}
              type="button"
              className="absolute bottom-0 h-full px-px hover:bg-fg/5 focus-visible:bg-fg/5"
              style={{ left: `${index * width}%`, width: `${width}%` }}
              aria-label={words[index]}
              onMouseEnter={() => setAt(index)}
              onFocus={() => setAt(index)}
              onBlur={() => setAt(null)}
              onClick={() => onDay(day)}
            >
              {inside?.(index)}
            </button>
          ))}
        </div>
      </div>
      <div aria-hidden="true" className="tabular ml-16 flex justify-between text-meta text-muted"><span>{days[0]}</span>{days.length > 4 && <span>{middle}</span>}<span>{days.at(-1)}</span></div>
      <p className="ml-16 mt-1 flex min-h-5 flex-wrap gap-x-4 text-[12px]" role="status">{at === null ? legend : words[at]}</p>
    </div>
  );
}

/** Runs of each day as columns, by how they ended; `legend` tells the colours while no day is pointed at. */
export function RunsByDay({ days, onDay, height = HEIGHT, legend = true }: { days: readonly MonitorDay[]; onDay: (day: string) => void; height?: number; legend?: boolean }) {
  const columns = days.map((one) => ({ day: one.day, ...pieces(one.runs) }));
  const top = topOf(columns.reduce((most, one) => Math.max(most, one.total), 0));
  const y = (value: number) => height - (height * value) / top;
  const used = STACK.filter((one) => days.some((day) => (day.runs[one.state] ?? 0) > 0));
  return (
    <Days
      days={columns.map((column) => column.day)}
      words={columns.map((column) => told(column.day, column))}
      top={count(top)}
      height={height}
      inside={(index) => (
        <svg width="100%" height={height} aria-hidden="true" className="block">
          {columns[index]?.pieces.map((piece) => <rect key={piece.state} x="8%" width="84%" y={y(piece.to)} height={Math.max(1, y(piece.from) - y(piece.to) - (piece.from > 0 ? 1 : 0))} fill={piece.colour} />)}
        </svg>
      )}
      legend={legend && used.map((one) => <Key key={one.state} colour={one.colour}>{one.word}</Key>)}
      onDay={onDay}
    />
  );
}

/** A day of UTC as the address of the list of runs has it. */
export function dayRange(day: string): { from: string; to: string } {
  return { from: `${day}T00:00Z`, to: `${new Date(Date.parse(`${day}T00:00Z`) + 86_400_000).toISOString().slice(0, 16)}Z` };
}

function Key({ colour, children }: { colour: string; children: ReactNode }) {
  return <span className="inline-flex items-center gap-1.5"><span aria-hidden="true" className="h-2.5 w-2.5 rounded-[2px]" style={{ background: colour }} />{children}</span>;
}

function told(day: string, column: { total: number; pieces: { count: number; word: string }[] }): string {
  return `${day}: ${column.total === 0 ? "no runs" : `${count(column.total)} ${column.total === 1 ? "run" : "runs"}, ${column.pieces.map((one) => `${count(one.count)} ${one.word}`).join(", ")}`}`;
}

interface SpreadProps {
  /** Every day of the stretch; null where nothing is known. */
  days: readonly { day: string; spread: SpreadDay | null }[];
  /** What the line is, and what the area. */
  line: string;
  area: string;
  onDay: (day: string) => void;
}

/** How a figure went from day to day: what is usual as a line, the worst as an area. Days without it are left out. */
export function Spread({ days, line, area, onDay }: SpreadProps) {
  const top = days.reduce((most, one) => Math.max(most, one.spread?.high ?? 0), 0) || 1;
  const points = days.flatMap(({ spread }, index) => (spread ? [{ x: (100 * (index + 0.5)) / days.length, ...spread }] : []));
  const y = (value: number) => 100 - (94 * value) / top;
  const path = (key: "low" | "high") => points.map((one, index) => `${index === 0 ? "M" : "L"}${one.x} ${y(one[key])}`).join("");
  const [first, last] = [points[0], points.at(-1)];
  const words = days.map(({ day, spread }) => (spread ? `${day}: ${line} ${seconds(spread.low)}, ${area} ${seconds(spread.high)}` : `${day}: nothing to tell`));
  return (
    <Days days={days.map(({ day }) => day)} words={words} top={seconds(top)} height={LOW} legend={<><Key colour="var(--accent)">{line}</Key><Key colour="var(--line-strong)">{area}</Key></>} onDay={onDay}>
      {first && last && (
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" className="absolute inset-0 h-full w-full overflow-visible">
          <path d={`${path("high")}L${last.x} 100L${first.x} 100Z`} fill="var(--accent-soft)" />
          <path d={path("high")} fill="none" stroke="var(--line-strong)" strokeWidth={1} vectorEffect="non-scaling-stroke" />
          <path d={path("low")} fill="none" stroke="var(--accent)" strokeWidth={1.5} vectorEffect="non-scaling-stroke" />
          {/* A line of no length with round ends: a dot, whatever the shape of the picture. */}
          {points.map((one) => <path key={one.x} d={`M${one.x} ${y(one.low)}h0.001`} stroke="var(--accent)" strokeWidth={5} strokeLinecap="round" vectorEffect="non-scaling-stroke" />)}
          {points.map((one) => <path key={one.x} d={`M${one.x} ${y(one.high)}h0.001`} stroke="var(--line-strong)" strokeWidth={4} strokeLinecap="round" vectorEffect="non-scaling-stroke" />)}
        </svg>
      )}
    </Days>
  );
}
