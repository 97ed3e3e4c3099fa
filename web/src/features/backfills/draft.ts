/** A backfill while it is being filled in, and as the server wants it. */
import type { BackfillSummary } from "../../api/orchestration";
import type { components } from "../../api/schema";
import { figureProblem, momentProblem, valueOf, variablesProblem, type VariableLine } from "../triggers/draft";

export interface BackfillDraft {
  name: string;
  pipeline: string;
  /** "time", or "block": a block's output says what to run with. */
  by: string;
  block: string;
  /** Of its time zone, as fields for date and time have them. */
  start: string;
  end: string;
  intervalType: string;
  units: string;
  zone: string;
  inclusive: boolean;
  parallelism: string;
  retries: string;
  variables: VariableLine[];
}

/** What a form sends; its moments are text without an offset, which the server reads on the clocks of the time zone. */
export type BackfillBody = Omit<components["schemas"]["NewBackfill"], "start" | "end" | "priority" | "run"> & { start: string | null; end: string | null };

/** Runs that are open at once when nobody says otherwise, as everywhere. */
export const AT_ONCE = 10;

export const INTERVALS: readonly { value: string; label: string }[] = [
  { value: "minute", label: "minutes" },
  { value: "hour", label: "hours" },
  { value: "day", label: "days" },
  { value: "week", label: "weeks" },
  { value: "month", label: "months" },
  { value: "year", label: "years" },
  { value: "second", label: "seconds" },
  { value: "custom", label: "seconds (custom)" },
];

export function emptyBackfill(pipeline: string, now = Date.now()): BackfillDraft {
  const day = (back: number) => `${new Date(now - back * 86_400_000).toISOString().slice(0, 10)}T00:00`;
  return { name: "", pipeline, by: "time", block: "", start: day(7), end: day(0), intervalType: "day", units: "1", zone: "UTC", inclusive: false, parallelism: String(AT_ONCE), retries: "", variables: [] };
}

export function backfillBody(draft: BackfillDraft): BackfillBody {
  const byTime = draft.by === "time";
  return {
    name: draft.name.trim(),
    pipeline: draft.pipeline,
    block: byTime ? null : draft.block || null,
    start: byTime ? draft.start || null : null,
    end: byTime ? draft.end || null : null,
    interval_type: draft.intervalType,
    interval_units: Math.max(1, Math.trunc(Number(draft.units)) || 1),
    // Of a backfill by a block the form shows no time zone.
    time_zone: byTime ? draft.zone : "UTC",
    inclusive: byTime && draft.inclusive,
    parallelism: whole(draft.parallelism, AT_ONCE),
    retries: whole(draft.retries, 0),
    variables: Object.fromEntries(draft.variables.filter((one) => one.name.trim()).map((one) => [one.name.trim(), valueOf(one.text)])),
  };
}

/** A whole number from 0 on; the other one for an empty field, and for what is none. */
function whole(text: string, otherwise: number): number {
  return text.trim() && Number(text) >= 0 ? Math.trunc(Number(text)) : otherwise;
}

/** What is wrong with the figures, by field; empty where nothing is. */
export function figureProblems(draft: BackfillDraft): Record<"units" | "parallelism" | "retries", string> {
  const units = draft.by === "time" ? figureProblem(draft.units) || (draft.units.trim() ? "" : "Write a whole figure, 1 or more.") : "";
  return { units, parallelism: figureProblem(draft.parallelism, 0), retries: figureProblem(draft.retries, 0) };
}

export function backfillProblem(draft: BackfillDraft): string {
  if (!draft.pipeline) return "Choose a pipeline.";
  const { units, parallelism, retries } = figureProblems(draft);
  if (units) return `One run every: ${units}`;
  if (parallelism) return `Runs at once: ${parallelism}`;
  if (retries) return `Run what failed again: ${retries}`;
  if (variablesProblem(draft.variables)) return variablesProblem(draft.variables);
  if (draft.by === "block") return draft.block ? "" : "Choose the block whose output says what to run with.";
  if (!draft.start || !draft.end) return "Say from when to when.";
  const wrong = momentProblem(draft.start, draft.zone) || momentProblem(draft.end, draft.zone);
  if (wrong) return wrong;
  return draft.end < draft.start ? "It ends before it begins." : "";
}

/** How far it is: what has ended, of all. */
export function progressOf(one: Pick<BackfillSummary, "counts" | "total">): { done: number; failed: number; share: number } {
  const ended = ["completed", "failed", "cancelled", "interrupted"].reduce((sum, state) => sum + (one.counts[state] ?? 0), 0);
  return { done: one.counts.completed ?? 0, failed: (one.counts.failed ?? 0) + (one.counts.interrupted ?? 0), share: one.total > 0 ? ended / one.total : 0 };
}
