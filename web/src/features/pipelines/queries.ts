import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, segment, send } from "../../api/client";
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
    mutationFn: async (file: File) => {
      const response = await send("POST", "/pipelines/import", { query: { name: file.name.replace(/\.zip$/i, "") }, bytes: file, contentType: "application/zip" });
      return (await response.json()) as PipelineDetail;
    },
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
  return { change, rename, move, remove };
}
