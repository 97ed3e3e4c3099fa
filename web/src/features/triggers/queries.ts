import { keepPreviousData, useInfiniteQuery, useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, ApiError, segment } from "../../api/client";
import type { CalendarDetail, Explanation, TriggerCreated, TriggerDetail, TriggerList, TriggerPreview, TriggerSummary } from "../../api/orchestration";
import type { BlockDetail, PipelineDetail, RunSummary, VariableDetail } from "../../api/types";
import { toast, toastError } from "../../ui/toasts";
import type { Body, Changes } from "./draft";
import { PAGE, type Filters } from "./list";

/** Those of one pipeline, as many as a page holds; nothing is asked without one. */
export function useTriggersOf(pipeline: string): readonly TriggerSummary[] {
  const query = { pipeline, limit: 500 };
  return useQuery({ ...listed(query), enabled: pipeline !== "" }).data?.triggers ?? NO_TRIGGERS;
}

/** The first page of those that fit. */
export function useFirstTriggers(query: { state?: string; sort?: string; limit: number }) {
  return useQuery(listed(query));
}

/** The pages that are looked at of a long list; the first is always there, for what it says of all. */
export function useTriggerPages(filters: Filters, numbers: readonly number[]) {
  const first = useQuery({ ...listed(asked(filters, 0)), placeholderData: keepPreviousData });
  const others = numbers.filter((number) => number > 0);
  const found = useQueries({ queries: others.map((number) => ({ ...listed(asked(filters, number)), staleTime: 5_000 })) });
  const pages = new Map<number, readonly TriggerSummary[]>();
  if (first.data) pages.set(0, first.data.triggers);
  others.forEach((number, index) => {
    const triggers = found[index]?.data?.triggers;
    if (triggers) pages.set(number, triggers);
  });
  return { first, pages };
}

function asked({ q, pipeline, kind, state, tag }: Filters, page: number) {
  return { q, pipeline, kind, state, tag, sort: "next", limit: PAGE, skip: page * PAGE || undefined };
}

function listed(query: Record<string, string | number | undefined>) {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined && value !== ""));
  return { queryKey: ["triggers", "list", given], queryFn: ({ signal }: { signal: AbortSignal }) => api.get<TriggerList>("/triggers", { query: given, signal }) };
}

const NO_TRIGGERS: readonly TriggerSummary[] = [];

export function useTrigger(id: number) {
  return useQuery({ queryKey: ["triggers", "one", id], queryFn: ({ signal }) => api.get<TriggerDetail>(`/triggers/${id}`, { signal }) });
}

/** When a trigger would start runs, as it stands in the form; null asks nothing. */
export function usePreview(body: Body | null) {
  return useQuery({
    queryKey: ["trigger-preview", JSON.stringify(body)],
    queryFn: ({ signal }) => api.post<TriggerPreview>("/triggers/preview", { body, signal }),
    enabled: body !== null,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    retry: false,
  });
}

export function useExplained(path: string, enabled = true) {
  return useQuery({ queryKey: ["explain", path], queryFn: ({ signal }) => api.get<Explanation>(`${path}/explain`, { signal }), enabled });
}

/** Lanes of the calendar, those that start first on top; more of them as one asks for them. */
export function useCalendar(from: number, to: number) {
  return useInfiniteQuery({
    queryKey: ["triggers", "calendar", from, to],
    queryFn: ({ pageParam, signal }) => api.get<CalendarDetail>("/calendar", { query: { from, to, after: pageParam || undefined }, signal }),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
  });
}

function usePipelineDetail(pipeline: string): PipelineDetail | undefined {
  return useQuery({ queryKey: ["pipeline", pipeline], queryFn: ({ signal }) => api.get<PipelineDetail>(`/pipelines/${segment(pipeline)}`, { signal }), enabled: pipeline !== "" }).data;
}

/** What the pipeline has variables for, to choose from. */
export function usePipelineVariables(pipeline: string): readonly VariableDetail[] {
  return usePipelineDetail(pipeline)?.variables ?? NO_VARIABLES;
}

/** Its blocks that run. */
export function usePipelineBlocks(pipeline: string): readonly BlockDetail[] {
  return usePipelineDetail(pipeline)?.blocks.filter((block) => block.runnable) ?? NO_BLOCKS;
}

const NO_VARIABLES: readonly VariableDetail[] = [];
const NO_BLOCKS: readonly BlockDetail[] = [];

/** Everything that changes a trigger; lists follow at once, other tabs by their events. */
export function useChangeTriggers() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const done = () => void client.invalidateQueries({ queryKey: ["triggers"] });
  const keep = (detail: TriggerDetail) => {
    client.setQueryData(["triggers", "one", detail.id], detail);
    done();
  };
  const create = useMutation({ mutationFn: (body: Body) => api.post<TriggerCreated>("/triggers", { body }), onSuccess: keep });
  const change = useMutation({
    mutationFn: ({ id, revision, changes }: { id: number; revision: string; changes: Changes }) => api.patch<TriggerDetail>(`/triggers/${id}`, { body: { revision, ...changes } }),
    onSuccess: keep,
    // Somebody else was faster: the form is to see how it is now.
    onError: (error) => error instanceof ApiError && error.status === 409 && done(),
  });
  const activate = useMutation({
    mutationFn: ({ id, active }: { id: number; active: boolean }) => api.post<unknown>(`/triggers/${id}/${active ? "activate" : "deactivate"}`, { body: {} }),
    // The switch is where it was put, until the server says otherwise.
    onMutate: ({ id, active }) => client.setQueriesData<TriggerList>({ queryKey: ["triggers", "list"] }, (held) => held && { ...held, triggers: held.triggers.map((one) => (one.id === id ? { ...one, active } : one)) }),
    onSettled: done,
    onError: toastError,
  });
  const renew = useMutation({ mutationFn: (id: number) => api.post<{ token: string }>(`/triggers/${id}/token`, { body: {} }), onSettled: done, onError: toastError });
  const remove = useMutation({
    mutationFn: ({ id }: { id: number; name: string }) => api.del<{ undo: string }>(`/triggers/${id}`),
    onSuccess: ({ undo }, { name }) => {
      done();
      toast(`Deleted ${name}.`, { action: { label: "Undo", run: () => void api.post(`/undo/${segment(undo)}`).then(done, toastError) } });
    },
    onError: toastError,
  });
  const run = useMutation({
    mutationFn: ({ id, variables }: { id: number; name: string; variables?: Record<string, unknown> }) => api.post<{ run: RunSummary | string }>(`/triggers/${id}/run`, { body: variables ? { variables } : {} }),
    onSuccess: ({ run: made }, { name }) => {
      const address = typeof made === "string" ? made : made.run;
      void client.invalidateQueries({ queryKey: ["runs"] });
      toast(`Started ${name}.`, { action: { label: "Open the run", run: () => void navigate({ to: "/runs/$run", params: { run: address } }) } });
    },
    onError: toastError,
  });
  return { create, change, activate, renew, remove, run };
}
