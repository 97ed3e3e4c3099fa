import { QueryClient } from "@tanstack/react-query";
import { api, ApiError } from "./client";
import type { ProjectInfo } from "./types";

const AGAIN = 4_000;

/** Milliseconds after which a question is asked again because the database was away: no event tells that it is back. */
export function askedAgain(query: { state: { error: unknown } }): number | false {
  return query.state.error instanceof ApiError && query.state.error.status === 503 ? AGAIN : false;
}

/** Answers stay until an event says otherwise: nothing is fetched again by time, focus or mount, but what could not be answered. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Infinity,
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      refetchInterval: askedAgain,
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
