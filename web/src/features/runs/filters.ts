/** What the list of runs is narrowed to, as the address has it and as the server is asked. */

export interface RunFilters {
  pipeline?: string;
  state?: string;
  q?: string;
  trigger?: string;
  backfill?: string;
  origin?: string;
  /** How long ago at most: "1h", "24h", "7d", "30d"; or "between", with `from` and `to`. */
  since?: string;
  /** Dates and times as a field has them, in the time that the reader's clock shows. */
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
  retry: "as a retry",
};

export function stretch(filters: Pick<RunFilters, "since" | "from" | "to">, now = Date.now() / 1000): { from?: number; to?: number } {
  if (filters.since === "between") {
    return { ...moment("from", filters.from), ...moment("to", filters.to) };
  }
  const found = SINCE.find((one) => one.value === filters.since);
  return found ? { from: Math.floor(now - found.seconds) } : {};
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
