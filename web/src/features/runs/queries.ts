import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, segment } from "../../api/client";
import type { BlockRun, BlockStatus, Failure, RunDetail, RunSummary } from "../../api/types";
import { useTopic } from "../../api/useTopic";
import { toast, toastError } from "../../ui/toasts";
import { applied } from "./live";

export interface RunFilters {
  pipeline?: string;
  state?: string;
  q?: string;
}

export function useRuns(filters: RunFilters) {
  return useInfiniteQuery({
    queryKey: ["runs", filters],
    queryFn: ({ pageParam, signal }) => api.get<{ runs: RunSummary[]; next: string | null }>("/runs", { query: { ...filters, limit: 100, before: pageParam || undefined }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  });
}

/** A run, kept true by its events. */
export function useRun(run: string) {
  const client = useQueryClient();
  const key = ["run", run];
  const query = useQuery({ queryKey: key, queryFn: ({ signal }) => api.get<RunDetail>(`/runs/${segment(run)}`, { signal }) });
  useTopic(
    // Once there is something that events can be applied to; what came since is sent again.
    query.data ? `run:${run}` : null,
    (events) => client.setQueryData<RunDetail>(key, (held) => (held ? events.reduce(applied, held) : held)),
    () => void client.invalidateQueries({ queryKey: key }),
    query.data?.seq ?? null,
  );
  return query;
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

export async function runAgain(pipeline: string, body: Record<string, unknown>): Promise<string | null> {
  try {
    const { run } = await api.post<{ run: RunSummary }>(`/pipelines/${segment(pipeline)}/runs`, { body });
    return run.run;
  } catch (error) {
    toastError(error);
    return null;
  }
}

export function interruptRun(run: string): void {
  api.post(`/runs/${segment(run)}/interrupt`, { body: {} }).then(() => toast("Interrupting.", { seconds: 2 }), toastError);
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
  };
}
