import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, segment } from "../../api/client";
import type { components } from "../../api/schema";
import { toast, toastError } from "../../ui/toasts";

export type Settings = components["schemas"]["Settings"];
export type Setting = Settings["settings"][number];

const KEY = ["settings"];

export function useSettings() {
  return useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.get<Settings>("/settings", { signal }) });
}

/** Writes one setting into the project's file; null takes it out. */
export function useSaveSetting(setting: Setting, revision: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (value: unknown) => api.patch<Settings>("/settings", { body: { revision, set: { [setting.key]: value } } }),
    onSuccess: (data) => {
      client.setQueryData(KEY, data);
      toast(`Saved ${setting.title.toLowerCase()}.`, { seconds: 2 });
    },
    onError: (error) => {
      toastError(error);
      void client.invalidateQueries({ queryKey: KEY });
    },
  });
}

/** A link that logs one browser in. */
export async function makeLink(): Promise<string> {
  return (await api.post<{ url: string }>("/session/links", { body: {} })).url;
}

export async function logOut(which: "this" | "all"): Promise<void> {
  await api.del(which === "all" ? "/session/all" : "/session");
  window.location.assign("./");
}

export interface Process {
  pid: number;
  pipeline: string;
  block: string;
  kind: "block" | "scratchpad";
  run: string | null;
  memory: number;
  cpu: number;
  since: number;
}

export const PROCESSES = ["sessions"];
export const processesQuery = { queryKey: PROCESSES, queryFn: ({ signal }: { signal: AbortSignal }) => api.get<{ sessions: Process[] }>("/sessions", { signal }) };

/** Ends the session of a scratchpad; interrupts a block of a run. */
export function interruptProcess({ kind, pipeline, block, run }: Process): Promise<unknown> {
  if (kind === "scratchpad") return api.post(`/scratchpads/${segment(pipeline)}/${segment(block)}/restart`);
  return run ? api.post(`/runs/${segment(run)}/interrupt`, { body: { block } }) : api.post(`/pipelines/${segment(pipeline)}/interrupt`);
}
