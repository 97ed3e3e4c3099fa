import { describe, expect, it } from "vitest";
import { DEFAULT_OPTIONS, layoutGraph, wrapLayers, type LayoutNode } from "./layout";

function overlaps(positions: Map<string, { x: number; y: number }>): string[] {
  const found: string[] = [];
  const entries = [...positions];
  entries.forEach(([one, a], index) => {
    for (const [other, b] of entries.slice(index + 1)) {
      if (a.y === b.y && Math.abs(a.x - b.x) < DEFAULT_OPTIONS.width) found.push(`${one}/${other}`);
    }
  });
  return found;
}

describe("layoutGraph", () => {
  it("has nothing to place in an empty pipeline", () => {
    expect(layoutGraph([])).toEqual({ positions: new Map(), layers: [], width: 0, height: 0 });
  });

  it("puts every block below all of its upstream blocks", () => {
    const nodes: LayoutNode[] = [
      { id: "out", upstream: ["clean", "load"] },
      { id: "clean", upstream: ["load"] },
      { id: "load", upstream: [] },
    ];
    const { positions, layers } = layoutGraph(nodes);
    expect(layers).toEqual([["load"], ["clean"], ["out"]]);
    for (const node of nodes) {
      for (const parent of node.upstream) {
        expect(positions.get(parent)!.y).toBeLessThan(positions.get(node.id)!.y);
      }
    }
  });

  it("undoes crossings that the order of the file would give", () => {
    const nodes: LayoutNode[] = [
      { id: "a", upstream: [] },
      { id: "b", upstream: [] },
      { id: "c", upstream: [] },
      { id: "z", upstream: ["c"] },
      { id: "y", upstream: ["b"] },
      { id: "x", upstream: ["a"] },
    ];
    const { layers } = layoutGraph(nodes);
    const [top, bottom] = layers as [string[], string[]];
    const below: Record<string, string> = { a: "x", b: "y", c: "z" };
    expect(bottom).toEqual(top.map((id) => below[id]));
  });

  it("never lets two blocks overlap, whatever the graph", () => {
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    for (let trial = 0; trial < 40; trial += 1) {
      const count = 1 + Math.floor(random() * 40);
      const nodes = Array.from({ length: count }, (_, index) => ({
        id: `n${index}`,
        upstream: Array.from({ length: Math.floor(random() * 4) }, () => `n${Math.floor(random() * index)}`).filter((id) => id !== `n${index}`),
      }));
      const { positions } = layoutGraph(nodes);
      expect(positions.size).toBe(count);
      expect(overlaps(positions)).toEqual([]);
      expect(Math.min(...[...positions.values()].map((point) => point.x))).toBeGreaterThanOrEqual(0);
    }
  });

  it("survives a cycle, an unknown upstream and a block that names itself", () => {
    const { positions } = layoutGraph([
      { id: "a", upstream: ["b", "a", "gone"] },
      { id: "b", upstream: ["a"] },
    ]);
    expect([...positions.keys()].sort()).toEqual(["a", "b"]);
    expect(overlaps(positions)).toEqual([]);
  });

  it("keeps a chain in one straight column", () => {
    const nodes = Array.from({ length: 30 }, (_, index) => ({ id: `n${index}`, upstream: index ? [`n${index - 1}`] : [] }));
    const xs = new Set([...layoutGraph(nodes).positions.values()].map((point) => point.x));
    expect(xs.size).toBe(1);
  });
});

describe("wrapLayers", () => {
  const nodes = [...Array.from({ length: 7 }, (_, index) => ({ id: `load${index}`, upstream: [] })), { id: "join", upstream: Array.from({ length: 7 }, (_, index) => `load${index}`) }];
  const layout = layoutGraph(nodes);

  it("leaves alone what fits", () => {
    expect(wrapLayers(layout, layout.width)).toBe(layout);
  });

  it("breaks a wide layer into rows that fit, above what depends on them", () => {
    const room = 3 * (DEFAULT_OPTIONS.width + DEFAULT_OPTIONS.gap);
    const wrapped = wrapLayers(layout, room);
    expect(wrapped.width).toBeLessThanOrEqual(room);
    expect(wrapped.layers.map((row) => row.length)).toEqual([3, 3, 1, 1]);
    expect(overlaps(wrapped.positions)).toEqual([]);
    const join = wrapped.positions.get("join")!;
    for (let index = 0; index < 7; index += 1) expect(wrapped.positions.get(`load${index}`)!.y).toBeLessThan(join.y);
  });
});
