import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, segment } from "../../api/client";
import type { PipelineDetail } from "../../api/types";
import { toast, toastError } from "../../ui/toasts";
import { productPath } from "../outputs/queries";
import type { ChartConfig, ChartData } from "./model";

/** The points of a chart over a version of a block's output; drawn again when either changes. */
export function useChartData(pipeline: string, block: string, version: string | null, config: ChartConfig) {
  return useQuery({
    queryKey: ["chart", pipeline, block, version, config],
    queryFn: ({ signal }) => api.post<ChartData>(`${productPath({ pipeline, block })}/chart`, { body: { chart: config }, signal }),
    enabled: version !== null,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });
}

/** The outcome of a chart by code: points, or something to show by MIME type. */
export interface CodeChart {
  version: string;
  points: ChartData | null;
  mime: Record<string, unknown> | null;
}

interface Changed {
  chart: string;
  pipeline: PipelineDetail;
}

export function useChartChanges(pipeline: string) {
  const client = useQueryClient();
  const base = `/pipelines/${segment(pipeline)}/charts`;
  const take = (detail: PipelineDetail) => client.setQueryData(["pipeline", pipeline], detail);
  const create = useMutation({ mutationFn: (body: { name?: string; block: string; configuration: ChartConfig; content?: string }) => api.post<Changed>(base, { body }), onSuccess: ({ pipeline: detail }) => take(detail), onError: toastError });
  const change = useMutation({ mutationFn: ({ chart, ...body }: { chart: string; name?: string; configuration?: ChartConfig; content?: string; content_revision?: string }) => api.patch<Changed>(`${base}/${segment(chart)}`, { body }), onSuccess: ({ pipeline: detail }) => take(detail), onError: toastError });
  const remove = useMutation({
    mutationFn: (chart: string) => api.del<{ undo: string; pipeline: PipelineDetail }>(`${base}/${segment(chart)}`),
    onSuccess: ({ undo, pipeline: detail }, chart) => {
      take(detail);
      toast(`Deleted ${chart}.`, { action: { label: "Undo", run: () => void api.post<{ pipeline: PipelineDetail | null }>(`/undo/${segment(undo)}`).then((answer) => answer.pipeline && take(answer.pipeline), toastError) } });
    },
    onError: toastError,
  });
  const runCode = useMutation({ mutationFn: (chart: string) => api.post<CodeChart>(`${base}/${segment(chart)}/run`), onError: toastError });
  return { create, change, remove, runCode };
}
