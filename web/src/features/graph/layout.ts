/**
 * Layered layout of a pipeline's graph: upstream blocks above their downstream ones, few crossings.
 *
 * A layer is the longest way from a block without upstream. Edges over several layers are led through invisible points,
 * so that they do not run behind blocks. Linear but for the sweeps over the layers; 1,000 blocks take a few milliseconds.
 */

export interface LayoutNode {
  id: string;
  upstream: readonly string[];
}

export interface Point {
  x: number;
  y: number;
}

export interface LayoutOptions {
  width: number;
  height: number;
  /** Space between two blocks of a layer, px. */
  gap: number;
  /** Space between two layers, px. */
  layerGap: number;
  /** Full turns of the ordering sweep; more gives fewer crossings. */
  sweeps: number;
}

export interface Layout {
  /** Upper left corner of each block, px, from (0, 0). */
  positions: Map<string, Point>;
  /** Layers from top to bottom, each from left to right: the order of arrow keys. */
  layers: string[][];
  width: number;
  height: number;
}

export const DEFAULT_OPTIONS: LayoutOptions = { width: 168, height: 50, gap: 16, layerGap: 40, sweeps: 4 };

interface Vertex {
  id: string;
  layer: number;
  up: Vertex[];
  down: Vertex[];
  /** An invisible point of a long edge. */
  bend: boolean;
  order: number;
  x: number;
}

export function layoutGraph(nodes: readonly LayoutNode[], given: Partial<LayoutOptions> = {}): Layout {
  const options = { ...DEFAULT_OPTIONS, ...given };
  const known = new Map(nodes.map((node) => [node.id, node]));
  const layerOf = layersOf(nodes, known);
  const layers = verticesOf(nodes, known, layerOf);
  orderLayers(layers, options.sweeps);
  placeLayers(layers, options);
  const positions = new Map<string, Point>();
  let right = 0;
  layers.forEach((layer, index) => {
    for (const vertex of layer) {
      if (vertex.bend) continue;
      positions.set(vertex.id, { x: vertex.x, y: index * (options.height + options.layerGap) });
      right = Math.max(right, vertex.x + options.width);
    }
  });
  const height = layers.length ? layers.length * (options.height + options.layerGap) - options.layerGap : 0;
  const visible = layers.map((layer) => layer.filter((vertex) => !vertex.bend).map((vertex) => vertex.id));
  return { positions, layers: visible, width: right, height };
}

/**
 * The same graph for a narrow place: layers that are wider are broken into rows, so that names can be read without
 * scrolling. The order of each layer stays; every row stands in the middle.
 */
export function wrapLayers(layout: Layout, room: number, given: Partial<LayoutOptions> = {}): Layout {
  const options = { ...DEFAULT_OPTIONS, ...given };
  if (layout.width <= room) return layout;
  const step = options.width + options.gap;
  const most = Math.max(2, Math.floor((room + options.gap) / step));
  const positions = new Map<string, Point>();
  const layers: string[][] = [];
  const widest = Math.min(most, Math.max(0, ...layout.layers.map((layer) => layer.length))) * step - options.gap;
  let y = 0;
  for (const layer of layout.layers) {
    const rows = Math.ceil(layer.length / most);
    // Rows of nearly the same length look better than a full one with a rest.
    const each = Math.ceil(layer.length / Math.max(1, rows));
    for (let at = 0; at < layer.length; at += each) {
      const row = layer.slice(at, at + each);
      const left = (widest - (row.length * step - options.gap)) / 2;
      row.forEach((id, index) => positions.set(id, { x: Math.round(left + index * step), y }));
      layers.push(row);
      y += options.height + (at + each < layer.length ? options.gap : options.layerGap);
    }
  }
  return { positions, layers, width: widest, height: Math.max(0, y - options.layerGap) };
}

/** The layer of each block; a cycle, which the server reports as an error, is cut where it is met. */
function layersOf(nodes: readonly LayoutNode[], known: ReadonlyMap<string, LayoutNode>): Map<string, number> {
  const waiting = new Map<string, number>();
  const children = new Map<string, string[]>();
  for (const node of nodes) {
    const parents = parentsOf(node, known);
    waiting.set(node.id, parents.length);
    for (const parent of parents) {
      const list = children.get(parent);
      if (list) list.push(node.id);
      else children.set(parent, [node.id]);
    }
  }
  const layer = new Map<string, number>();
  const rest = new Set(waiting.keys());
  let ready = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
  while (rest.size > 0) {
    if (ready.length === 0) ready = [rest.values().next().value as string];
    const next: string[] = [];
    for (const id of ready) {
      if (!rest.delete(id)) continue;
      if (!layer.has(id)) layer.set(id, 0);
      for (const child of children.get(id) ?? []) {
        if (!rest.has(child)) continue;
        layer.set(child, Math.max(layer.get(child) ?? 0, (layer.get(id) ?? 0) + 1));
        const left = (waiting.get(child) ?? 0) - 1;
        waiting.set(child, left);
        if (left === 0) next.push(child);
      }
    }
    ready = next;
  }
  return layer;
}

function parentsOf(node: LayoutNode, known: ReadonlyMap<string, LayoutNode>): string[] {
  return [...new Set(node.upstream)].filter((parent) => parent !== node.id && known.has(parent));
}

function verticesOf(
  nodes: readonly LayoutNode[],
  known: ReadonlyMap<string, LayoutNode>,
  layerOf: ReadonlyMap<string, number>,
): Vertex[][] {
  const layers: Vertex[][] = [];
  const vertices = new Map<string, Vertex>();
  const add = (id: string, layer: number, bend: boolean): Vertex => {
    const vertex: Vertex = { id, layer, up: [], down: [], bend, order: 0, x: 0 };
    (layers[layer] ??= []).push(vertex);
    return vertex;
  };
  for (const node of nodes) vertices.set(node.id, add(node.id, layerOf.get(node.id) ?? 0, false));
  for (let index = 0; index < layers.length; index += 1) layers[index] ??= [];
  for (const node of nodes) {
    const child = vertices.get(node.id) as Vertex;
    for (const parentId of parentsOf(node, known)) {
      const parent = vertices.get(parentId) as Vertex;
      if (parent.layer >= child.layer) continue;
      let from = parent;
      // An edge over many layers would need as many points; beyond 12 they cost more than they show.
      if (child.layer - parent.layer <= 12) {
        for (let layer = parent.layer + 1; layer < child.layer; layer += 1) {
          from = join(from, add(`${parentId}>${node.id}@${layer}`, layer, true));
        }
      }
      join(from, child);
    }
  }
  return layers;
}

function join(from: Vertex, to: Vertex): Vertex {
  from.down.push(to);
  to.up.push(from);
  return to;
}

/** Orders each layer by the mean place of the neighbours, down and up again, and keeps the order with fewest crossings. */
function orderLayers(layers: Vertex[][], sweeps: number): void {
  const number = () => layers.forEach((layer) => layer.forEach((vertex, index) => (vertex.order = index)));
  number();
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers);
  for (let turn = 0; turn < sweeps && fewest > 0; turn += 1) {
    for (let index = 1; index < layers.length; index += 1) sortBy(layers[index] as Vertex[], (vertex) => vertex.up);
    for (let index = layers.length - 2; index >= 0; index -= 1) sortBy(layers[index] as Vertex[], (vertex) => vertex.down);
    const now = crossings(layers);
    if (now < fewest) {
      fewest = now;
      best = layers.map((layer) => [...layer]);
    }
  }
  best.forEach((layer, index) => (layers[index] = layer));
  number();
}

function sortBy(layer: Vertex[], neighbours: (vertex: Vertex) => Vertex[]): void {
  const weight = new Map<Vertex, number>();
  for (const vertex of layer) {
    const near = neighbours(vertex);
    weight.set(vertex, near.length ? near.reduce((sum, other) => sum + other.order, 0) / near.length : vertex.order);
  }
  layer.sort((one, other) => (weight.get(one) as number) - (weight.get(other) as number) || one.order - other.order);
  layer.forEach((vertex, index) => (vertex.order = index));
}

/** Crossing edges between neighbouring layers, counted by inversions with a binary indexed tree. */
export function crossings(layers: readonly (readonly Vertex[])[]): number {
  let total = 0;
  for (let index = 0; index + 1 < layers.length; index += 1) {
    const below = layers[index + 1] as readonly Vertex[];
    const tree = new Int32Array(below.length + 1);
    let seen = 0;
    for (const vertex of layers[index] as readonly Vertex[]) {
      const ends = vertex.down.map((child) => child.order).sort((one, other) => one - other);
      for (const end of ends) {
        let before = 0;
        for (let at = end + 1; at > 0; at -= at & -at) before += tree[at] as number;
        total += seen - before;
      }
      for (const end of ends) {
        for (let at = end + 1; at <= below.length; at += at & -at) tree[at] = (tree[at] as number) + 1;
        seen += 1;
      }
    }
  }
  return total;
}

/** Gives x: packed in order, then drawn towards the neighbours without overlapping or changing the order. */
function placeLayers(layers: Vertex[][], options: LayoutOptions): void {
  const step = (vertex: Vertex) => (vertex.bend ? options.gap : options.width + options.gap);
  for (const layer of layers) {
    let x = 0;
    for (const vertex of layer) {
      vertex.x = x;
      x += step(vertex);
    }
  }
  const centre = (vertex: Vertex) => vertex.x + (vertex.bend ? 0 : options.width / 2);
  for (let turn = 0; turn < 6; turn += 1) {
    const down = turn % 2 === 0;
    const order = down ? layers : [...layers].reverse();
    for (const layer of order) pull(layer, (vertex) => (down ? vertex.up : vertex.down), centre, step);
  }
  const left = Math.min(0, ...layers.flatMap((layer) => layer.slice(0, 1).map((vertex) => vertex.x)));
  for (const layer of layers) for (const vertex of layer) vertex.x = Math.round(vertex.x - left);
}

/** Isotonic placement: each vertex at the mean of its neighbours; groups that would overlap share their mean. */
function pull(
  layer: Vertex[],
  neighbours: (vertex: Vertex) => Vertex[],
  centre: (vertex: Vertex) => number,
  step: (vertex: Vertex) => number,
): void {
  const groups: { wish: number; members: Vertex[]; offset: number[]; width: number }[] = [];
  for (const vertex of layer) {
    const near = neighbours(vertex);
    const half = centre(vertex) - vertex.x;
    const wish = near.length ? near.reduce((sum, other) => sum + centre(other), 0) / near.length - half : vertex.x;
    groups.push({ wish, members: [vertex], offset: [0], width: step(vertex) });
    while (groups.length > 1) {
      const last = groups[groups.length - 1] as (typeof groups)[number];
      const before = groups[groups.length - 2] as (typeof groups)[number];
      if (before.wish + before.width <= last.wish) break;
      const weight = before.members.length;
      const add = last.members.length;
      before.wish = (before.wish * weight + (last.wish - before.width) * add) / (weight + add);
      before.offset.push(...last.offset.map((offset) => offset + before.width));
      before.members.push(...last.members);
      before.width += last.width;
      groups.pop();
    }
  }
  for (const group of groups) group.members.forEach((vertex, index) => (vertex.x = group.wish + (group.offset[index] as number)));
}
