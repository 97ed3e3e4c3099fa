import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { RunSummary } from "../../api/types";

export interface Attention {
  kind: string;
  pipeline: string;
  block: string | null;
  run: string | null;
  message: string;
  at: number;
  /** Set where somebody has said that they know. */
  muted_until: number | null;
}

export interface RecentEdit {
  path: string;
  at: number;
  pipeline: string | null;
  block: string | null;
}

export interface Home {
  attention: Attention[];
  running: RunSummary[];
  recent_runs: RunSummary[];
  recent_edits: RecentEdit[];
  counts: { pipelines: number; blocks: number; products: number; errors: number | null; warnings: number | null };
}

export function useHome() {
  return useQuery({ queryKey: ["home"], queryFn: ({ signal }) => api.get<Home>("/home", { signal }) });
}

/** What has not ended: under way, or waiting for its turn. */
export function useOpenRuns(): readonly RunSummary[] {
  const found = useQuery({ queryKey: ["home", "open"], queryFn: ({ signal }) => api.get<{ runs: RunSummary[] }>("/runs", { query: { state: "running,initial", limit: 50 }, signal }) });
  return found.data?.runs ?? NO_RUNS;
}

const NO_RUNS: readonly RunSummary[] = [];
