/** Which pipelines are listed, and in which order and groups. */
import type { PipelineSummary } from "../../api/types";

export interface Filters {
  q?: string;
  tag?: string;
  type?: string;
  state?: string;
  group?: string;
}

export type SortKey = "name" | "updated" | "run" | "blocks";

export function stateOf(pipeline: PipelineSummary): string {
  if (pipeline.error) return "unreadable";
  if (pipeline.running > 0) return "running";
  return pipeline.runs.at(-1)?.state ?? "never";
}

export function chosen(pipelines: readonly PipelineSummary[], filters: Filters): PipelineSummary[] {
  const words = (filters.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  return pipelines.filter((pipeline) => {
    if (filters.tag && !pipeline.tags.includes(filters.tag)) return false;
    if (filters.type && pipeline.type !== filters.type) return false;
    if (filters.state && stateOf(pipeline) !== filters.state) return false;
    const text = `${pipeline.name} ${pipeline.uuid} ${pipeline.description} ${pipeline.tags.join(" ")}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function sorted(pipelines: readonly PipelineSummary[], key: SortKey, down: boolean): PipelineSummary[] {
  const value = (pipeline: PipelineSummary): string | number => {
    if (key === "updated") return pipeline.updated_at;
    if (key === "run") return pipeline.runs.at(-1)?.started ?? 0;
    if (key === "blocks") return pipeline.blocks;
    return pipeline.name.toLowerCase();
  };
  return [...pipelines].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    const order = a < b ? -1 : a > b ? 1 : one.uuid < other.uuid ? -1 : 1;
    return down ? -order : order;
  });
}

export type Row = { heading: string; count: number } | { pipeline: PipelineSummary };

export function grouped(pipelines: readonly PipelineSummary[], by: string | undefined): Row[] {
  if (!by) return pipelines.map((pipeline) => ({ pipeline }));
  const groups = new Map<string, PipelineSummary[]>();
  for (const pipeline of pipelines) {
    for (const name of namesOf(pipeline, by)) groups.set(name, [...(groups.get(name) ?? []), pipeline]);
  }
  return [...groups]
    .sort(([one], [other]) => one.localeCompare(other))
    .flatMap(([heading, list]): Row[] => [{ heading, count: list.length }, ...list.map((pipeline) => ({ pipeline }))]);
}

function namesOf(pipeline: PipelineSummary, by: string): string[] {
  if (by === "tag") return pipeline.tags.length > 0 ? pipeline.tags : ["no tag"];
  if (by === "type") return [pipeline.type];
  if (by === "state") return [stateOf(pipeline)];
  const folder = pipeline.uuid.split("/").slice(0, -1).join("/");
  return [folder || "no folder"];
}
