import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, segment } from "../../api/client";
import type { PipelineDetail, Template, TemplateDetail } from "../../api/types";
import { toast, toastError } from "../../ui/toasts";
import { templateQuery, templatesQuery } from "../editor/queries";

export interface OwnTemplate {
  name: string;
  description: string;
  block_type: string;
  language: string;
  content: string;
}

export interface PipelineTemplate {
  id: string;
  name: string;
  description: string;
  blocks: string[];
  source: "built-in" | "project";
  tags: string[];
}

export const useTemplates = () => useQuery(templatesQuery);
export const useTemplate = (id: string) => useQuery<TemplateDetail & { revision: string | null }>({ ...templateQuery(id), enabled: id !== "" } as never);

export function usePipelineTemplates() {
  return useQuery({ queryKey: ["pipeline-templates"], queryFn: ({ signal }) => api.get<{ templates: PipelineTemplate[] }>("/pipeline-templates", { signal }) });
}

/** Makes, changes and deletes templates of the project; what was deleted can be brought back. */
export function useTemplateChanges() {
  const client = useQueryClient();
  const again = () => Promise.all([client.invalidateQueries({ queryKey: ["templates"] }), client.invalidateQueries({ queryKey: ["pipeline-templates"] })]);
  const lists = () => Promise.all([client.invalidateQueries({ queryKey: templatesQuery.queryKey, exact: true }), client.invalidateQueries({ queryKey: ["pipeline-templates"] })]);
  const gone = (id: string, name: string, undo: string) => {
    // Off the page before anything is asked anew: what is gone cannot be shown in full.
    client.setQueryData<Template[]>(templatesQuery.queryKey, (held) => held?.filter((one) => one.id !== id));
    void lists();
    toast(`Deleted the template ${name}.`, { action: { label: "Undo", run: () => void api.post(`/undo/${segment(undo)}`).then(lists, toastError) } });
  };
  const create = useMutation({ mutationFn: (body: OwnTemplate) => api.post<Template>("/templates", { body }), onSuccess: again, onError: toastError });
  const change = useMutation({
    mutationFn: ({ id, ...body }: { id: string; name: string; description: string; content: string; revision: string | null }) => api.put<Template>(`/templates/${segment(id)}`, { body }),
    onSuccess: again,
    onError: toastError,
  });
  const remove = useMutation({
    mutationFn: ({ id }: { id: string; name: string }) => api.del<{ undo: string }>(`/templates/${segment(id)}`),
    onSuccess: ({ undo }, { id, name }) => gone(id, name, undo),
    onError: toastError,
  });
  const removePipeline = useMutation({
    mutationFn: ({ id }: { id: string; name: string }) => api.del<{ undo: string }>(`/pipeline-templates/${segment(id)}`),
    onSuccess: ({ undo }, { id, name }) => gone(id, name, undo),
    onError: toastError,
  });
  return { create, change, remove, removePipeline };
}

/** Puts a block made from a template at the end of a pipeline, and opens it there. */
export function useInPipeline() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: ({ pipeline, template }: { pipeline: string; template: Template }) =>
      api.post<{ block: string; pipeline: PipelineDetail }>(`/pipelines/${segment(pipeline)}/blocks`, { body: { type: template.block_type, language: template.language, template: template.id } }),
    onSuccess: ({ block, pipeline }) => {
      client.setQueryData(["pipeline", pipeline.uuid], pipeline);
      void navigate({ to: "/pipelines/$pipeline", params: { pipeline: pipeline.uuid }, search: { block, tab: "data" } });
    },
    onError: toastError,
  });
}
