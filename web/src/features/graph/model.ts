import type { Edge, Node } from "@xyflow/react";
import { Position } from "@xyflow/react";
import { DEFAULT_OPTIONS, type Layout } from "./layout";

/** What the graph needs of a block; PipelineDetail.blocks and the blocks of a run both have it. */
export interface GraphBlock {
  uuid: string;
  name: string;
  type: string;
  language: string;
  upstream: readonly string[];
  color?: string | null;
  accepts_upstream?: boolean;
}

/** What is known of a block's last run, for its colour, icon, word and figures. */
export interface GraphStatus {
  state: string;
  stale?: string;
  seconds?: number | null;
  rows?: number | null;
}

export interface BlockNodeData extends Record<string, unknown> {
  block: GraphBlock;
  status: GraphStatus;
  editable: boolean;
}

export type BlockNode = Node<BlockNodeData, "block">;

/** Types that take no place in the graph of what runs, unless an edge says otherwise. */
const ASIDE = new Set(["markdown", "scratchpad", "chart"]);

export function graphBlocks<B extends GraphBlock>(blocks: readonly B[]): B[] {
  const named = new Set(blocks.flatMap((block) => block.upstream));
  return blocks.filter((block) => !ASIDE.has(block.type) || block.upstream.length > 0 || named.has(block.uuid));
}

export function nodesOf(
  blocks: readonly GraphBlock[],
  layout: Layout,
  statuses: Readonly<Record<string, GraphStatus | undefined>>,
  selected: string | null,
  editable: boolean,
): BlockNode[] {
  const { width, height } = DEFAULT_OPTIONS;
  const handle = { width: 12, height: 12, x: width / 2 - 6 };
  return blocks.map((block) => ({
    id: block.uuid,
    type: "block" as const,
    position: layout.positions.get(block.uuid) ?? { x: 0, y: 0 },
    data: { block, status: statuses[block.uuid] ?? { state: "never" }, editable },
    selected: block.uuid === selected,
    draggable: false,
    width,
    height,
    // Given ahead, so that blocks outside of the view need not be drawn to be measured.
    measured: { width, height },
    handles: [
      { type: "target" as const, position: Position.Top, y: -6, ...handle },
      { type: "source" as const, position: Position.Bottom, y: height - 6, ...handle },
    ],
    ariaLabel: `${block.name}, ${block.type.replaceAll("_", " ")}, ${statuses[block.uuid]?.state ?? "never run"}`,
  }));
}

export function edgesOf(
  blocks: readonly GraphBlock[],
  statuses: Readonly<Record<string, GraphStatus | undefined>>,
  selected: string | null,
): Edge[] {
  const known = new Set(blocks.map((block) => block.uuid));
  return blocks.flatMap((block) =>
    block.upstream
      .filter((parent) => known.has(parent))
      .map((parent) => ({
        id: edgeId(parent, block.uuid),
        source: parent,
        target: block.uuid,
        type: "block",
        className: block.uuid === selected || parent === selected ? "graph-edge-near" : "",
        animated: statuses[block.uuid]?.state === "running",
        ariaLabel: `from ${parent} to ${block.uuid}`,
      })),
  );
}

export function edgeId(parent: string, child: string): string {
  return `${parent}→${child}`;
}

/** Why an edge cannot be drawn, in words; empty when it can. */
export function refuseEdge(blocks: readonly GraphBlock[], from: string, to: string): string {
  const byId = new Map(blocks.map((block) => [block.uuid, block]));
  const target = byId.get(to);
  if (!target || !byId.has(from)) return "There is no such block.";
  if (from === to) return "A block cannot be its own upstream.";
  if (target.upstream.includes(from)) return `${from} is already upstream of ${to}.`;
  if (target.accepts_upstream === false) return `A ${target.type.replaceAll("_", " ")} block takes no upstream.`;
  const seen = new Set<string>();
  const pending = [from];
  while (pending.length > 0) {
    const id = pending.pop() as string;
    if (id === to) return `${from} depends on ${to}: that edge would close a circle.`;
    if (seen.has(id)) continue;
    seen.add(id);
    pending.push(...(byId.get(id)?.upstream ?? []));
  }
  return "";
}

/** The block that an arrow key leads to from the selected one; null where there is none. */
export function neighbour(layout: Layout, selected: string | null, key: string): string | null {
  const layers = layout.layers.filter((layer) => layer.length > 0);
  const row = layers.findIndex((layer) => selected !== null && layer.includes(selected));
  if (row < 0) return layers[0]?.[0] ?? null;
  const layer = layers[row] as string[];
  const column = layer.indexOf(selected as string);
  if (key === "ArrowLeft") return layer[column - 1] ?? null;
  if (key === "ArrowRight") return layer[column + 1] ?? null;
  const next = layers[row + (key === "ArrowDown" ? 1 : -1)];
  if (!next) return null;
  const x = layout.positions.get(selected as string)?.x ?? 0;
  return [...next].sort(
    (one, other) => Math.abs((layout.positions.get(one)?.x ?? 0) - x) - Math.abs((layout.positions.get(other)?.x ?? 0) - x),
  )[0] as string;
}
