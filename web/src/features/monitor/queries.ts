import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { MonitorDetail } from "../../api/orchestration";

export function useMonitor(pipeline: string, days: number) {
  return useQuery({
    queryKey: ["monitor", pipeline, days],
    queryFn: ({ signal }) => api.get<MonitorDetail>("/monitor", { query: { pipeline: pipeline || undefined, days }, signal }),
    placeholderData: keepPreviousData,
  });
}
