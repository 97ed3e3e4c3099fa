/** Which pipelines are listed, and in which order and groups. */
import type { PipelineSummary } from "../../api/types";

export interface Filters {
  q?: string;
  tag?: string;
  type?: string;
  state?: string;
  group?: string;
  /** A key of `SortKey`, with `-` before it for the other way round. */
  sort?: string;
}

export type SortKey = "name" | "updated" | "run" | "blocks";

export interface Order {
  key: SortKey;
  down: boolean;
}

/** Figures and times begin with the largest, names with A. */
const FIRST_DOWN: Record<SortKey, boolean> = { name: false, updated: true, run: true, blocks: true };

export function orderOf(sort: string | undefined): Order {
  const key = (sort ?? "").replace(/^-/, "");
  return key in FIRST_DOWN ? { key: key as SortKey, down: (sort ?? "").startsWith("-") } : { key: "name", down: false };
}

/** The order after a press on a column's head, as it stands in the address. */
export function nextSort(order: Order, key: SortKey): string {
  const down = order.key === key ? !order.down : FIRST_DOWN[key];
  return `${down ? "-" : ""}${key}`;
}

export function stateOf(pipeline: PipelineSummary): string {
  if (pipeline.error) return "unreadable";
  if (pipeline.running > 0) return "running";
  return pipeline.runs.at(-1)?.state ?? "never";
}

/** The folder of a pipeline; all of its id where that does not end with its name. */
export function placeOf(pipeline: PipelineSummary): string {
  const parts = pipeline.uuid.split("/");
  return parts.at(-1) === pipeline.name ? parts.slice(0, -1).join("/") : parts.length > 1 ? pipeline.uuid : "";
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

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

export function sorted(pipelines: readonly PipelineSummary[], { key, down }: Order): PipelineSummary[] {
  const value = (pipeline: PipelineSummary): number => {
    if (key === "updated") return Date.parse(pipeline.updated_at);
    return key === "run" ? (pipeline.runs.at(-1)?.started ?? 0) : pipeline.blocks;
  };
  return [...pipelines].sort((one, other) => {
    const order = key === "name" ? names.compare(one.name, other.name) : value(one) - value(other);
    // Equal ones stand in the same order either way.
    return order !== 0 ? (down ? -order : order) : names.compare(one.uuid, other.uuid);
  });
}

export type Row = { heading: string; count: number } | { pipeline: PipelineSummary };

export function grouped(pipelines: readonly PipelineSummary[], by: string | undefined): Row[] {
  if (!by) return pipelines.map((pipeline) => ({ pipeline }));
  const groups = new Map<string, PipelineSummary[]>();
  for (const pipeline of pipelines) {
    for (const name of namesOf(pipeline, by)) {
      const group = groups.get(name);
      if (group) group.push(pipeline);
      else groups.set(name, [pipeline]);
    }
  }
  return [...groups]
    .sort(([one], [other]) => names.compare(one, other))
    .flatMap(([heading, list]): Row[] => [{ heading, count: list.length }, ...list.map((pipeline) => ({ pipeline }))]);
}

function namesOf(pipeline: PipelineSummary, by: string): string[] {
  if (by === "tag") return pipeline.tags.length > 0 ? pipeline.tags : ["no tag"];
  if (by === "type") return [pipeline.type];
  if (by === "state") return [stateOf(pipeline)];
  const folder = pipeline.uuid.split("/").slice(0, -1).join("/");
  return [folder || "no folder"];
}
