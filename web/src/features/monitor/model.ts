/** Figures of the monitor as they are drawn. */
import type { MonitorDetail } from "../../api/orchestration";

/** From the bottom of a column up. */
export const STACK: readonly { state: string; colour: string; word: string }[] = [
  { state: "completed", colour: "var(--ok)", word: "done" },
  { state: "running", colour: "var(--running)", word: "running" },
  { state: "initial", colour: "var(--line-strong)", word: "waiting" },
  { state: "cancelled", colour: "var(--waiting)", word: "cancelled" },
  { state: "interrupted", colour: "var(--stale)", word: "interrupted" },
  { state: "failed", colour: "var(--failed)", word: "failed" },
];

export interface Piece {
  state: string;
  colour: string;
  word: string;
  count: number;
  from: number;
  to: number;
}

/** The parts of a day's column, each from so many runs to so many. */
export function pieces(states: Record<string, number>): { pieces: Piece[]; total: number } {
  let total = 0;
  const found = STACK.flatMap((one) => {
    const count = states[one.state] ?? 0;
    if (count === 0) return [];
    const from = total;
    total += count;
    return [{ ...one, count, from, to: total }];
  });
  return { pieces: found, total };
}

/** A round figure at or above a value, for the top of an axis. */
export function topOf(most: number): number {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5, 10].find((factor) => factor * power >= most) ?? 10) * power;
}

export interface Line {
  pipeline: string;
  runs: number;
  /** Of the newest day with runs. */
  p50: number;
  p95: number;
  days: { day: string; p50: number; p95: number }[];
}

/** How long runs took, of each pipeline: those that take longest first. */
export function linesOf(durations: MonitorDetail["durations"]): Line[] {
  const held = new Map<string, Line>();
  for (const one of [...durations].sort((a, b) => a.day.localeCompare(b.day))) {
    const line = held.get(one.pipeline) ?? { pipeline: one.pipeline, runs: 0, p50: 0, p95: 0, days: [] };
    line.runs += one.runs;
    line.p50 = one.p50;
    line.p95 = one.p95;
    line.days.push({ day: one.day, p50: one.p50, p95: one.p95 });
    held.set(one.pipeline, line);
  }
  return [...held.values()].sort((one, other) => other.p95 - one.p95);
}

export function sums(days: MonitorDetail["days"]): { runs: number; failed: number; share: number } {
  let [runs, failed] = [0, 0];
  for (const { states } of days) {
    for (const [state, count] of Object.entries(states)) {
      runs += count;
      if (state === "failed" || state === "interrupted") failed += count;
    }
  }
  return { runs, failed, share: runs > 0 ? failed / runs : 0 };
}
