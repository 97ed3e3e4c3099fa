import { useEffect, useRef } from "react";
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, segment } from "../../api/client";
import type { HoursDetail } from "../../api/orchestration";
import type { BlockRun, BlockStatus, Failure, PipelineStatus, RunDetail, RunSummary } from "../../api/types";
import type { LiveEvent } from "../../api/live";
import { useTopic } from "../../api/useTopic";
import { asked, type RunFilters } from "./filters";
import { pauseOf, useGathered } from "./gathered";
import { appliedAll } from "./live";
import { patched, withFirst, type Runs, type RunsPageData } from "./liveRuns";

/** A list of runs, kept true by events: rows change where they stand, what is new is read with the first page. */
export function useRuns(filters: RunFilters) {
  const client = useQueryClient();
  const key = ["runs", filters];
  const page = (before: string, signal?: AbortSignal) => api.get<RunsPageData>("/runs", { query: { ...asked(filters), limit: 100, before: before || undefined }, signal });
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => page(pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  });
  const asking = useRef<ReturnType<typeof setTimeout> | null>(null);
  const readFirst = () => {
    if (asking.current !== null) return;
    // A hundred runs that begin at once are one question.
    asking.current = setTimeout(() => {
      asking.current = null;
      page("").then((first) => client.setQueryData<Runs>(key, (held) => held && withFirst(held, first)), () => undefined);
    }, 300);
  };
  useEffect(() => () => clearTimeout(asking.current ?? undefined), []);
  useTopic(
    "project",
    (events) => {
      const held = client.getQueryData<Runs>(key);
      if (!held) return;
      const { data, missing } = patched(held, events);
      if (data !== held) client.setQueryData<Runs>(key, data);
      if (missing) readFirst();
    },
    () => void client.invalidateQueries({ queryKey: ["runs"] }),
  );
  return query;
}

/** The last week by the hour, of the runs that the list is narrowed to; its times and its text do not count. */
export function useHours({ pipeline, state, trigger, backfill, origin }: RunFilters) {
  const asked = { pipeline, state, trigger, backfill, origin };
  return useQuery({
    queryKey: ["hours", asked],
    queryFn: ({ signal }) => api.get<HoursDetail>("/monitor/hours", { query: { ...asked, days: 7 }, signal }),
    placeholderData: keepPreviousData,
  });
}

/** A run, kept true by its events. */
export function useRun(run: string) {
  const client = useQueryClient();
  const key = ["run", run];
  const query = useQuery({ queryKey: key, queryFn: ({ signal }) => api.get<RunDetail>(`/runs/${segment(run)}`, { signal }) });
  const gather = useGathered();
  useTopic(
    // Once there is something that events can be applied to; what came since is sent again.
    query.data ? `run:${run}` : null,
    (events) => gather(events, pauseOf(query.data?.blocks.length ?? 0), (all) => client.setQueryData<RunDetail>(key, (held) => (held ? appliedAll(held, all) : held))),
    () => void client.invalidateQueries({ queryKey: key }),
    query.data?.seq ?? null,
  );
  // What happens to a run that nobody drives, waiting or retried, is told to the project.
  useTopic(
    "project",
    (events) => {
      // A run that a block of this one has asked for was made, has begun or ended.
      if (events.some((event) => askedBy(event) === run)) void client.invalidateQueries({ queryKey: key });
      // Deleted by somebody else: the page says so instead of offering what cannot be done.
      if (events.some((event) => event.type === "runs_deleted" && (event.runs as string[]).includes(run))) void client.resetQueries({ queryKey: key });
      const own = events.filter((event) => runOf(event) === run);
      if (own.length === 0) return;
      client.setQueryData<RunDetail>(key, (held) => (held ? appliedAll(held, own) : held));
      // An answer that was under way meanwhile may be older than the events: the end is read in any case.
      if (own.some((event) => READ_AGAIN.has(event.type))) void client.invalidateQueries({ queryKey: key });
    },
    () => undefined,
  );
  return query;
}

const READ_AGAIN = new Set(["run_created", "run_started", "run_ended"]);

/** The run whose block has asked for the run that an event is about. */
function askedBy(event: LiveEvent): string | null {
  const told = event.run;
  return typeof told === "object" && told !== null && "parent_run" in told ? (told as RunSummary).parent_run : null;
}

function runOf(event: LiveEvent): string {
  const told = event.run;
  return typeof told === "object" && told !== null ? String((told as RunDetail).run) : String(told ?? "");
}

export interface Why {
  failure: Failure;
  inputs: { block: string; ref: { version: string }; rows: number | null; columns: number | null }[];
  changed_since_good: { kind: string; what: string; before: string | null; after: string | null }[];
  last_good: { run: string; version: string; at: string } | null;
  known: boolean;
}

export function useWhy(run: string, block: string | null) {
  return useQuery({
    queryKey: ["why", run, block],
    queryFn: ({ signal }) => api.get<Why>(`/runs/${segment(run)}/why/${segment(block ?? "")}`, { signal }),
    enabled: block !== null,
  });
}

/** What a run was given by those who started it, beyond the variables of its pipeline. */
export function useRunVariables(run: string) {
  return useQuery({ queryKey: ["run-variables", run], queryFn: async ({ signal }) => (await api.get<RunDetail>(`/runs/${segment(run)}`, { signal })).variables, enabled: run !== "" });
}

/** The end of what a block printed and logged. */
export function useLastLines(run: string, block: string) {
  return useQuery({
    queryKey: ["last-lines", run, block],
    queryFn: ({ signal }) => api.get<{ lines: { at: number; text: string }[] }>(`/runs/${segment(run)}/logs`, { query: { block, limit: 20, before: "end" }, signal }),
  });
}

/** The words by which the same error is found again: its first line. */
export function sameWords(failure: Failure): string {
  const line = failure.message.split("\n")[0] ?? "";
  return (line.length > 3 ? line : failure.kind).slice(0, 120);
}

export function useSameError(pipeline: string, block: string, words: string) {
  return useQuery({
    queryKey: ["same-error", pipeline, block, words],
    queryFn: ({ signal }) => api.get<RunsPageData>("/runs", { query: { pipeline, state: "failed", block, q: words, limit: 100 }, signal }),
  });
}

/** How the blocks of a pipeline stand now. */
export function useNewest(pipeline: string) {
  return useQuery({ queryKey: ["newest", pipeline], queryFn: ({ signal }) => api.get<PipelineStatus>(`/pipelines/${segment(pipeline)}/status`, { signal }), staleTime: 0 });
}

export function statusOf(block: BlockRun): BlockStatus {
  return {
    state: block.state,
    run: null,
    started: block.started,
    seconds: block.seconds,
    attempts: block.attempts,
    version: block.ref?.version ?? null,
    outputs: block.outputs,
    stale: "",
    failure: block.failure,
    tests: block.tests,
    changed: [],
    interrupting: false,
    callback_failures: block.callback_failures,
  };
}
