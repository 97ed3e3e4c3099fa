import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { components } from "../../api/schema";
import type { RunSummary } from "../../api/types";

type Sent = components["schemas"]["Home"];
export type Attention = Sent["attention"][number];
export type RecentEdit = Sent["recent_edits"][number];
export type Home = Omit<Sent, "running" | "recent_runs"> & { running: RunSummary[]; recent_runs: RunSummary[] };

export function useHome() {
  return useQuery({ queryKey: ["home"], queryFn: ({ signal }) => api.get<Home>("/home", { signal }) });
}

interface Health {
  status: string;
  scheduler: { status: string; seconds: number | null };
}

/** Whether what is due gets started: asked when the page is opened. */
export function useScheduler(): Health["scheduler"] | null {
  const found = useQuery({ queryKey: ["home", "health"], queryFn: ({ signal }) => api.get<Health>("/health", { signal }), staleTime: 0, retry: false });
  return found.data?.scheduler ?? null;
}

/** What has not ended: under way, or waiting for its turn. */
export function useOpenRuns(): readonly RunSummary[] {
  const found = useQuery({ queryKey: ["home", "open"], queryFn: ({ signal }) => api.get<{ runs: RunSummary[] }>("/runs", { query: { state: "running,initial", limit: 50 }, signal }) });
  return found.data?.runs ?? NO_RUNS;
}

const NO_RUNS: readonly RunSummary[] = [];
