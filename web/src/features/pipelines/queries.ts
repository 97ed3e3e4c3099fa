import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, segment } from "../../api/client";
import type { PipelineDetail, PipelineSummary } from "../../api/types";
import { toast, toastError } from "../../ui/toasts";

export const pipelinesQuery = {
  queryKey: ["pipelines"],
  queryFn: ({ signal }: { signal: AbortSignal }) => api.get<{ pipelines: PipelineSummary[] }>("/pipelines", { signal }),
};

export function usePipelines() {
  return useQuery(pipelinesQuery);
}

export interface PipelineTemplate {
  id: string;
  name: string;
  description: string;
}

/** What a pipeline can be made from. */
export function usePipelineTemplates(): PipelineTemplate[] {
  const found = useQuery({ queryKey: ["pipeline-templates"], queryFn: ({ signal }) => api.get<{ templates: PipelineTemplate[] }>("/pipeline-templates", { signal }) });
  return found.data?.templates ?? [];
}

export interface NewPipeline {
  name?: string;
  clone_of?: string;
  template?: string;
}

/** Makes a pipeline and opens it, so that its name and first block are the next things to type. */
export function useCreatePipeline() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async (given: NewPipeline) => {
      const { pipelines } = await client.ensureQueryData(pipelinesQuery);
      const name = given.name ?? freeName("new_pipeline", pipelines);
      return api.post<PipelineDetail>("/pipelines", { body: { ...given, name } });
    },
    onSuccess: (detail, given) => {
      client.setQueryData(["pipeline", detail.uuid], detail);
      void client.invalidateQueries({ queryKey: ["pipelines"] });
      // A name that nobody chose is the first thing to type.
      void navigate({ to: "/pipelines/$pipeline", params: { pipeline: detail.uuid }, state: { naming: given.name === undefined } });
    },
    onError: toastError,
  });
}

export function freeName(base: string, pipelines: readonly { uuid: string; name: string }[]): string {
  const taken = new Set(pipelines.flatMap((pipeline) => [pipeline.uuid, pipeline.name]));
  if (!taken.has(base)) return base;
  let number = 2;
  while (taken.has(`${base}_${number}`)) number += 1;
  return `${base}_${number}`;
}

export function useImportPipeline() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (file: File) => api.post<PipelineDetail>("/pipelines/import", { query: { name: file.name.replace(/\.zip$/i, "") }, bytes: file, contentType: "application/zip" }),
    onSuccess: (detail) => {
      void client.invalidateQueries({ queryKey: ["pipelines"] });
      void navigate({ to: "/pipelines/$pipeline", params: { pipeline: detail.uuid } });
    },
    onError: toastError,
  });
}

export function useChangePipeline() {
  const client = useQueryClient();
  const done = (uuid: string) => {
    void client.invalidateQueries({ queryKey: ["pipelines"] });
    void client.invalidateQueries({ queryKey: ["pipeline", uuid] });
  };
  const change = useMutation({
    mutationFn: ({ uuid, changes }: { uuid: string; changes: Record<string, unknown> }) => api.patch<PipelineDetail>(`/pipelines/${segment(uuid)}`, { body: changes }),
    onSuccess: (_, { uuid }) => done(uuid),
    onError: toastError,
  });
  const rename = useMutation({
    mutationFn: ({ uuid, name }: { uuid: string; name: string }) => api.post<PipelineDetail>(`/pipelines/${segment(uuid)}/rename`, { body: { name } }),
    onSuccess: (_, { uuid }) => done(uuid),
    onError: toastError,
  });
  const move = useMutation({
    mutationFn: ({ uuid, folder }: { uuid: string; folder: string }) => api.post<PipelineDetail>(`/pipelines/${segment(uuid)}/move`, { body: { folder } }),
    onSuccess: (_, { uuid }) => done(uuid),
    onError: toastError,
  });
  const remove = useMutation({
    mutationFn: (uuid: string) => api.del<{ undo: string }>(`/pipelines/${segment(uuid)}`),
    onSuccess: ({ undo }, uuid) => {
      done(uuid);
      toast(`Deleted ${uuid}.`, { action: { label: "Undo", run: () => void api.post(`/undo/${segment(undo)}`).then(() => done(uuid), toastError) } });
    },
    onError: toastError,
  });
  const keep = useMutation({
    mutationFn: (body: { name: string; pipeline: string; description: string }) => api.post("/pipeline-templates", { body }),
    onSuccess: (_, { name }) => {
      void client.invalidateQueries({ queryKey: ["pipeline-templates"] });
      toast(`Kept as the template ${name}.`, { hint: "New pipeline offers it, and the page Templates." });
    },
    onError: toastError,
  });
  return { change, rename, move, remove, keep };
}

/** Changes many pipelines, one after the other; what fails is told by name, the others stay done. */
export function useManyPipelines() {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const again = () => client.invalidateQueries({ queryKey: ["pipelines"] });
  const each = async <T>(pipelines: readonly PipelineSummary[], act: (one: PipelineSummary) => Promise<T>): Promise<T[]> => {
    setBusy(true);
    const done: T[] = [];
    for (const one of pipelines) {
      try {
        done.push(await act(one));
      } catch (error) {
        toast(`${one.name} stays as it is.`, { hint: error instanceof Error ? error.message : String(error), tone: "failed" });
      }
    }
    setBusy(false);
    await again();
    return done;
  };
  const tag = (pipelines: readonly PipelineSummary[], add: readonly string[], drop: readonly string[]) =>
    each(pipelines, (one) => api.patch(`/pipelines/${segment(one.uuid)}`, { body: { tags: retagged(one.tags, add, drop) } }));
  const remove = async (pipelines: readonly PipelineSummary[]) => {
    const undos = await each(pipelines, (one) => api.del<{ undo: string }>(`/pipelines/${segment(one.uuid)}`));
    if (undos.length === 0) return;
    // The last one first: each brings back what was there when it was deleted.
    const back = async () => {
      for (const { undo } of [...undos].reverse()) await api.post(`/undo/${segment(undo)}`);
    };
    toast(`Deleted ${undos.length} ${undos.length === 1 ? "pipeline" : "pipelines"}.`, { action: { label: "Undo", run: () => void back().catch(toastError).finally(again) } });
  };
  return { tag, remove, busy };
}

/** Tags with some added and some taken off, each once, in the order that they had. */
export function retagged(tags: readonly string[], add: readonly string[], drop: readonly string[]): string[] {
  return [...new Set([...tags, ...add])].filter((tag) => !drop.includes(tag));
}
