import { describe, expect, it } from "vitest";
import { layoutGraph } from "./layout";
import { graphBlocks, neighbour, refuseEdge, type GraphBlock } from "./model";

const block = (uuid: string, upstream: string[] = [], type = "transformer"): GraphBlock => ({
  uuid,
  name: uuid,
  type,
  language: "python",
  upstream,
});

describe("graphBlocks", () => {
  it("leaves out notes and scratchpads that nothing is connected to", () => {
    const shown = graphBlocks([block("notes", [], "markdown"), block("a"), block("pad", ["a"], "scratchpad")]);
    expect(shown.map((one) => one.uuid)).toEqual(["a", "pad"]);
  });
});

describe("refuseEdge", () => {
  const blocks = [block("a"), block("b", ["a"]), block("c", ["b"]), { ...block("load"), accepts_upstream: false }];

  it("allows what makes a graph that can run", () => {
    expect(refuseEdge(blocks, "a", "c")).toBe("");
  });

  it("says why for each edge that it refuses", () => {
    expect(refuseEdge(blocks, "c", "a")).toContain("circle");
    expect(refuseEdge(blocks, "a", "a")).toContain("own upstream");
    expect(refuseEdge(blocks, "a", "b")).toContain("already");
    expect(refuseEdge(blocks, "a", "load")).toContain("takes no upstream");
    expect(refuseEdge(blocks, "gone", "a")).toContain("no such block");
  });
});

describe("neighbour", () => {
  const layout = layoutGraph([
    { id: "a", upstream: [] },
    { id: "b", upstream: [] },
    { id: "c", upstream: ["a"] },
    { id: "d", upstream: ["b"] },
  ]);

  it("follows the arrow keys through the layers", () => {
    const below = neighbour(layout, "a", "ArrowDown");
    expect(below).toBe("c");
    expect(neighbour(layout, below, "ArrowUp")).toBe("a");
    expect(neighbour(layout, "c", "ArrowDown")).toBeNull();
    const row = layout.layers[0] as string[];
    expect(neighbour(layout, row[0] as string, "ArrowRight")).toBe(row[1]);
  });

  it("begins at the top when nothing is selected", () => {
    expect(neighbour(layout, null, "ArrowDown")).toBe(layout.layers[0]?.[0]);
  });
});
