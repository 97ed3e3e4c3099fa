import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, segment } from "../../api/client";
import type { CalendarSlot, Explanation, TriggerCreated, TriggerDetail, TriggerPreview, TriggerSummary } from "../../api/orchestration";
import type { BlockDetail, PipelineDetail, RunSummary, VariableDetail } from "../../api/types";
import { toast, toastError } from "../../ui/toasts";
import type { Body } from "./draft";

/** Of one pipeline, or of all. */
export function useTriggers(pipeline = "", enabled = true) {
  return useQuery({
    queryKey: ["triggers", "list", pipeline],
    queryFn: ({ signal }) => api.get<{ triggers: TriggerSummary[] }>("/triggers", { query: { pipeline: pipeline || undefined }, signal }),
    enabled,
  });
}

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

export function useCalendar(from: number, to: number) {
  return useQuery({
    queryKey: ["triggers", "calendar", from, to],
    queryFn: ({ signal }) => api.get<{ slots: CalendarSlot[]; truncated: boolean; dense: number[] }>("/calendar", { query: { from, to }, signal }),
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
    mutationFn: ({ id, revision, set }: { id: number; revision: string; set: Record<string, unknown> }) => api.patch<TriggerDetail>(`/triggers/${id}`, { body: { revision, set } }),
    onSuccess: keep,
  });
  const activate = useMutation({
    mutationFn: ({ id, active }: { id: number; active: boolean }) => api.post<unknown>(`/triggers/${id}/${active ? "activate" : "deactivate"}`, { body: {} }),
    // The switch is where it was put, until the server says otherwise.
    onMutate: ({ id, active }) => client.setQueriesData<{ triggers: TriggerSummary[] }>({ queryKey: ["triggers", "list"] }, (held) => held && { triggers: held.triggers.map((one) => (one.id === id ? { ...one, active } : one)) }),
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
