/** The pages of a list of runs after what has happened since: rows change where they stand, new ones come on top. */
import type { InfiniteData } from "@tanstack/react-query";
import type { LiveEvent } from "../../api/live";
import type { Waiting } from "../../api/orchestration";
import type { RunSummary } from "../../api/types";

export interface RunsPageData {
  runs: RunSummary[];
  next: string | null;
}

export type Runs = InfiniteData<RunsPageData, string>;

/** The pages with what the events say of runs that they hold; and whether an event was about one that they do not. */
export function patched(held: Runs, events: readonly LiveEvent[]): { data: Runs; missing: boolean } {
  const told = new Map<string, Partial<RunSummary>>();
  for (const event of events) {
    const change = changeOf(event);
    if (change) told.set(change.run, merged(told.get(change.run) ?? change, change));
  }
  const gone = new Set(events.flatMap((event) => (event.type === "runs_deleted" ? (event.runs as string[]) : [])));
  if (held.pages.some((page) => page.runs.some((run) => gone.has(run.run)))) held = without(held, gone);
  for (const run of gone) told.delete(run);
  if (told.size === 0) return { data: held, missing: false };
  const seen = new Set<string>();
  const pages = held.pages.map((page) => {
    if (!page.runs.some((run) => told.has(run.run))) return page;
    return {
      ...page,
      runs: page.runs.map((run) => {
        const change = told.get(run.run);
        if (!change) return run;
        seen.add(run.run);
        return merged(run, change);
      }),
    };
  });
  return { data: seen.size > 0 ? { ...held, pages } : held, missing: [...told.keys()].some((run) => !seen.has(run)) };
}

/** Who drives a run does not know what has made it: where that is not told, it stays. */
const MADE_BY = ["trigger", "backfill", "execution_date", "retry_of", "parent_run", "lateness"] as const;

export function merged<T extends Partial<RunSummary>>(run: T, change: Partial<RunSummary>): T {
  const next = { ...run, ...change };
  for (const key of MADE_BY) if (next[key] === null && run[key] !== undefined) Object.assign(next, { [key]: run[key] });
  return next;
}

function changeOf(event: LiveEvent): (Partial<RunSummary> & { run: string }) | null {
  if (event.type === "run_waiting") return { run: String(event.run), waiting: (event.waiting ?? null) as Waiting | null };
  if (!["run_created", "run_started", "run_ended", "run_changed"].includes(event.type)) return null;
  const run = event.run as RunSummary | undefined;
  if (typeof run !== "object" || run === null) return null;
  return event.type === "run_started" || event.type === "run_ended" ? { ...run, waiting: run.waiting ?? null } : run;
}

/** The pages with a newer first page: what it holds is as it says, the rest stays. */
export function withFirst(held: Runs, first: RunsPageData): Runs {
  const fresh = new Set(first.runs.map((run) => run.run));
  const [head, ...rest] = held.pages;
  if (!head) return held;
  const clear = (page: RunsPageData) => (page.runs.some((run) => fresh.has(run.run)) ? { ...page, runs: page.runs.filter((run) => !fresh.has(run.run)) } : page);
  const kept = clear(head).runs;
  // Where the first page ends the pages after it begin, as long as nothing of the old one was left over.
  const next = kept.length === 0 && rest.length === 0 ? first.next : head.next;
  return { ...held, pages: [{ runs: [...first.runs, ...kept], next }, ...rest.map(clear)] };
}

export function without(held: Runs, runs: ReadonlySet<string>): Runs {
  return { ...held, pages: held.pages.map((page) => ({ ...page, runs: page.runs.filter((run) => !runs.has(run.run)) })) };
}
