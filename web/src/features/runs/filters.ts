/** What the list of runs is narrowed to, as the address has it and as the server is asked. */
import { capital } from "../../app/format";
import type { Zone } from "../../app/preferences";

export interface RunFilters {
  pipeline?: string;
  state?: string;
  q?: string;
  trigger?: string;
  backfill?: string;
  origin?: string;
  /** How long ago at most: "1h", "24h", "7d", "30d"; or "between", with `from` and `to`. */
  since?: string;
  /** ISO 8601 with its zone: the same moments for whoever opens the address. Without one, those of the reader's clock. */
  from?: string;
  to?: string;
}

export const SINCE: readonly { value: string; label: string; seconds: number }[] = [
  { value: "1h", label: "Last hour", seconds: 3600 },
  { value: "24h", label: "Last 24 hours", seconds: 86_400 },
  { value: "7d", label: "Last 7 days", seconds: 7 * 86_400 },
  { value: "30d", label: "Last 30 days", seconds: 30 * 86_400 },
];

export const STATES: readonly { value: string; label: string }[] = [
  { value: "initial", label: "waiting" },
  { value: "running", label: "running" },
  { value: "completed", label: "done" },
  { value: "failed", label: "failed" },
  { value: "cancelled", label: "cancelled" },
  { value: "interrupted", label: "interrupted" },
];

export const ORIGINS: Record<string, string> = {
  schedule: "by the clock",
  api: "by a call",
  event: "by an event",
  dependency: "after another pipeline",
  backfill: "by a backfill",
  block: "by a block",
  studio: "in the studio",
  cli: "from a terminal",
};

/** By what a run was started: its trigger, or the way. */
export function startedWords(run: { trigger: { name: string } | null; origin: string }): string {
  return run.trigger ? run.trigger.name || "a removed trigger" : capital(ORIGINS[run.origin] ?? run.origin);
}

/** The time that a run is for, in seconds, where that says more than when it started; else null. */
export function forWhen(run: { execution_date: number | null; started: number; trigger: unknown; backfill: unknown }): number | null {
  const own = run.trigger == null && run.backfill == null && run.started > 0;
  return run.execution_date == null || (own && Math.abs(run.execution_date - run.started) < 60) ? null : run.execution_date;
}

/** What somebody asked to be run, in words: what began by itself runs all of it. */
export function whatWords(what: string): string {
  return what === "all" ? "all blocks" : what;
}

export function stretch(filters: Pick<RunFilters, "since" | "from" | "to">, now = Date.now() / 1000): { from?: number; to?: number } {
  if (filters.since === "between") {
    return { ...moment("from", filters.from), ...moment("to", filters.to) };
  }
  const found = SINCE.find((one) => one.value === filters.since);
  return found ? { from: Math.floor(now - found.seconds) } : {};
}

/** A moment of the address as a field for date and time shows it. */
export function fieldOf(text: string | undefined, zone: Zone): string {
  const at = text ? new Date(text) : null;
  if (at === null || Number.isNaN(at.getTime())) return "";
  const shifted = zone === "utc" ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

/** What a field for date and time says, as a moment of the address. */
export function addressOf(field: string, zone: Zone): string {
  const at = field ? new Date(zone === "utc" ? `${field}Z` : field) : null;
  return at === null || Number.isNaN(at.getTime()) ? "" : at.toISOString().replace(/:\d\d\.\d+Z$/, "Z");
}

function moment(key: "from" | "to", text: string | undefined): { from?: number; to?: number } {
  const at = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? {} : { [key]: at / 1000 };
}

/** The parameters of the question. */
export function asked(filters: RunFilters): Record<string, string | number | undefined> {
  const { since, from, to, ...rest } = filters;
  return { ...rest, ...stretch({ since, from, to }) };
}

export function narrowed(filters: RunFilters): boolean {
  return Object.values(filters).some(Boolean);
}
