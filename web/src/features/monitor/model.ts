/** Figures of the monitor as they are drawn. */
import type { MonitorDay, MonitorPipeline } from "../../api/orchestration";

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

/** Runs of all days together, by how they ended. */
export function totals(days: readonly Pick<MonitorDay, "runs">[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { runs } of days) for (const [state, count] of Object.entries(runs)) found[state] = (found[state] ?? 0) + count;
  return found;
}

/** A round figure at or above a value, for the top of an axis. */
export function topOf(most: number): number {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= most) ?? 10) * power;
}

/** What was usual on a day, and the worst of it, in seconds. */
export interface SpreadDay {
  low: number;
  high: number;
}

type Days = { day: string; spread: SpreadDay | null }[];

function spread(low: number | null, high: number | null): SpreadDay | null {
  return low === null || high === null ? null : { low, high };
}

/** How long the runs of each day took; null where none completed. */
export function durationsOf(days: readonly MonitorDay[]): Days {
  return days.map(({ day, p50, p95 }) => ({ day, spread: spread(p50, p95) }));
}

/** By how much runs of triggers began later than due; null where none began. */
export function latenessOf(days: readonly MonitorDay[]): Days {
  return days.map(({ day, wait_mean, wait_most }) => ({ day, spread: spread(wait_mean, wait_most) }));
}

/** How many runs, and how many of them did not go well. */
export function sums(all: readonly { runs: Record<string, number> }[]): { runs: number; failed: number; share: number } {
  let [total, failed] = [0, 0];
  for (const { runs } of all) {
    for (const [state, count] of Object.entries(runs)) {
      total += count;
      if (state === "failed" || state === "interrupted") failed += count;
    }
  }
  return { runs: total, failed, share: total > 0 ? failed / total : 0 };
}

/** What needs looking at first: most failures, then most that were too late, then the slowest. */
export function ranked(pipelines: readonly MonitorPipeline[]): MonitorPipeline[] {
  return [...pipelines].sort((one, other) => sums([other]).failed - sums([one]).failed || other.sla_missed - one.sla_missed || (other.p95 ?? 0) - (one.p95 ?? 0));
}
