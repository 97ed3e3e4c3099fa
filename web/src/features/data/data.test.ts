import { expect, it } from "vitest";
import { foldChildren } from "./children";
import { findProducts, sortProducts } from "./DataPage";
import type { ProductSummary } from "./queries";

const product = (block: string, at: number): ProductSummary => ({ pipeline: "p", block, partition: "_", version: "1", versions: 1, kind: "table", outputs: [], rows: 1, bytes: 1, at, run: "r", good: true, error: null });

it("finds outputs by the age of their newest version", () => {
  const now = 1_000_000_000;
  const all = [product("now", now - 60), product("yesterday", now - 90_000), product("long ago", now - 40 * 86_400)];
  const named = (age?: string) => findProducts(all, { age }, now).map((one) => one.block);
  expect(named()).toHaveLength(3);
  expect(named("hour")).toEqual(["now"]);
  expect(named("week")).toEqual(["now", "yesterday"]);
  expect(named("older-day")).toEqual(["yesterday", "long ago"]);
  expect(named("older-month")).toEqual(["long ago"]);
});

it("shows the children of a dynamic block as one line, and below it where that is open", () => {
  const all = [product("load", 5), product("each:0", 1), { ...product("each:1", 9), good: false }, product("each:1:2", 3), product("lone:4", 2), { ...product("each:0", 1), partition: "x" }];
  const sort = (some: readonly ProductSummary[]) => sortProducts(some, "at", true);
  const folded = foldChildren(all, sort, new Set());
  expect(folded.map(({ product: { block, partition }, children }) => [block, partition, children])).toEqual([["each", "_", 3], ["load", "_", 0], ["lone:4", "_", 0], ["each:0", "x", 0]]);
  expect(folded[0]?.product).toMatchObject({ at: 9, rows: 3, bytes: 3, versions: 3, kind: "table", good: false });
  const open = foldChildren(all, sort, new Set([folded[0]!.key]));
  expect(open.map(({ product: { block }, child }) => [block, child])).toEqual([["each", false], ["each:1", true], ["each:1:2", true], ["each:0", true], ["load", false], ["lone:4", false], ["each:0", false]]);
  expect(new Set(open.map(({ key }) => key)).size).toBe(open.length);
});

it("keeps the own output of a block beside those of its children", () => {
  const lines = foldChildren([product("each", 1), product("each:0", 2), product("each:1", 3)], (some) => [...some], new Set());
  expect(lines.map(({ product: { block }, children }) => [block, children])).toEqual([["each", 0], ["each", 2]]);
});
