import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { components } from "../../api/schema";
import type { RunSummary } from "../../api/types";

type Sent = components["schemas"]["Home"];
export type Attention = Sent["attention"][number];
/** Whether what is due gets started: "ok", "down", or "off" where none is running; and for how long it has not moved. */
export type SchedulerHealth = Sent["scheduler"];
export type RecentEdit = Sent["recent_edits"][number];
export type Home = Omit<Sent, "running" | "recent_runs"> & { running: RunSummary[]; recent_runs: RunSummary[] };

export function useHome() {
  return useQuery({ queryKey: ["home"], queryFn: ({ signal }) => api.get<Home>("/home", { signal }) });
}

export const MOST_OPEN = 50;

/** What has not ended: under way, or waiting for its turn. */
export function useOpenRuns(): readonly RunSummary[] {
  const found = useQuery({ queryKey: ["home", "open"], queryFn: ({ signal }) => api.get<{ runs: RunSummary[] }>("/runs", { query: { state: "running,initial", limit: MOST_OPEN }, signal }) });
  return found.data?.runs ?? NO_RUNS;
}

const NO_RUNS: readonly RunSummary[] = [];
