import { expect, it } from "vitest";
import { findProducts } from "./DataPage";
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
