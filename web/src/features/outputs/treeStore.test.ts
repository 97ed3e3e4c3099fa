import { describe, expect, it, vi } from "vitest";
import { CHUNK, TreeStore, type TreeNode } from "./treeStore";

const leaf = (value: unknown): TreeNode => ({ type: "number", value });
const user = (at: number, whole: boolean): TreeNode => ({ type: "object", size: 2, offset: 0, entries: whole ? [["id", leaf(at)], ["note", leaf(-at)]] : [] });
/** {users: 5,000 of them, of which the first 100 come at once, without what is in them; total: 5000} */
const ROOT: TreeNode = {
  type: "object",
  size: 2,
  entries: [
    ["users", { type: "array", size: 5000, offset: 0, items: Array.from({ length: CHUNK }, (_, at) => user(at, false)) }],
    ["total", leaf(5000)],
  ],
};
const serve = async (positions: readonly number[], offset: number): Promise<TreeNode> =>
  positions.length === 1
    ? { type: "array", size: 5000, offset, items: Array.from({ length: CHUNK }, (_, at) => user(offset + at, false)) }
    : { ...user(positions[1] ?? 0, true), offset };

describe("a stored tree", () => {
  it("opens what is short by itself, and what is long when asked", () => {
    const store = new TreeStore(ROOT, serve);
    expect(store.rows().map((row) => row.name)).toEqual(["", "users", "total"]);
    store.toggle([0]);
    expect(store.rows()).toHaveLength(5003);
    store.toggle([0]);
    expect(store.rows()).toHaveLength(3);
  });

  it("fetches a part once, when it is reached", async () => {
    const fetchPart = vi.fn(serve);
    const store = new TreeStore(ROOT, fetchPart);
    store.toggle([0]);
    expect(store.rows()[2 + 4321]?.node).toBeUndefined();
    await Promise.all([store.fetch([0], 4321), store.fetch([0], 4330), store.fetch([0], 5)]);
    expect(fetchPart.mock.calls).toEqual([[[0], 4300]]);
    expect(store.rows()[2 + 4321]?.node?.type).toBe("object");
  });

  it("opens the way to any place and says its path", async () => {
    const store = new TreeStore(ROOT, serve);
    const at = await store.reveal([0, 4321, 1]);
    expect(store.rows()[at]).toMatchObject({ name: "note", depth: 3, node: { value: -4321 } });
    expect(store.pathOf([0, 4321, 1])).toBe("$.users[4321].note");
  });

  it("keeps an error and can be asked again", async () => {
    let fails = true;
    const store = new TreeStore(ROOT, (positions, offset) => (fails ? Promise.reject(new Error("gone")) : serve(positions, offset)));
    await store.fetch([0], 200);
    expect(String(store.error)).toContain("gone");
    fails = false;
    await store.fetch([0], 200);
    expect(store.nodeAt([0, 200])?.type).toBe("object");
  });
});
