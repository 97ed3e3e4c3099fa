import { QueryClient } from "@tanstack/react-query";
import { api, ApiError } from "./client";
import type { ProjectInfo } from "./types";

/** Answers stay until an event says otherwise: nothing is fetched again by time, focus or mount. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Infinity,
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      retry: (count, error) => error instanceof ApiError && error.status === 0 && count < 2,
    },
    mutations: { retry: false },
  },
});

export const projectQuery = {
  queryKey: ["project"],
  queryFn: () => api.get<ProjectInfo>("/project"),
  // Somebody may have logged in in another tab.
  refetchOnWindowFocus: (query: { state: { status: string } }) => query.state.status === "error",
};
