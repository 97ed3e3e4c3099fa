import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { FoundLines } from "../../api/orchestration";
import { stretch } from "../runs/filters";

export interface LogFilters {
  q?: string;
  pipeline?: string;
  run?: string;
  block?: string;
  level?: string;
  since?: string;
  from?: string;
  to?: string;
}

export function useLogs(filters: LogFilters) {
  const { since, from, to, ...rest } = filters;
  return useInfiniteQuery({
    queryKey: ["logs", filters],
    queryFn: ({ pageParam, signal }) => api.get<FoundLines>("/logs", { query: { ...rest, ...stretch({ since, from, to }), limit: 500, before: pageParam || undefined }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: keepPreviousData,
  });
}
