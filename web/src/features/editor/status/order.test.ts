import { expect, it } from "vitest";
import { neighbourOf, placed, reach, sortedBy, stepTarget } from "./order";

const order = ["a", "b", "c", "d"];

it("places a block after another, or first", () => {
  expect(placed(order, "d", "a")).toEqual(["a", "d", "b", "c"]);
  expect(placed(order, "a", "c")).toEqual(["b", "c", "a", "d"]);
  expect(placed(order, "c", null)).toEqual(["c", "a", "b", "d"]);
  expect(placed(order, "c", "gone")).toEqual(order);
});

it("steps one place up or down, and not past the ends", () => {
  for (const [uuid, step, result] of [["b", 1, "acbd"], ["c", -1, "acbd"], ["b", -1, "bacd"], ["c", 1, "abdc"]] as const) {
    const after = stepTarget(order, uuid, step);
    expect(after === undefined ? "" : placed(order, uuid, after).join("")).toBe(result);
  }
  expect([stepTarget(order, "a", -1), stepTarget(order, "d", 1), stepTarget(order, "x", 1)]).toEqual([undefined, undefined, undefined]);
});

it("selects the next block after a deletion, else the one before", () => {
  expect([neighbourOf(order, "b"), neighbourOf(order, "d"), neighbourOf(["a"], "a")]).toEqual(["c", "c", null]);
});

it("sorts blocks as the list says", () => {
  expect(sortedBy([{ uuid: "a" }, { uuid: "b" }], ["b", "a"]).map((block) => block.uuid)).toEqual(["b", "a"]);
});

it("finds everything above and below, through a ring too", () => {
  const blocks = [
    { uuid: "a", upstream: [] },
    { uuid: "b", upstream: ["a"] },
    { uuid: "c", upstream: ["b"] },
    { uuid: "x", upstream: ["y"] },
    { uuid: "y", upstream: ["x"] },
  ];
  expect([...reach(blocks, "c", "up")].sort()).toEqual(["a", "b"]);
  expect([...reach(blocks, "a", "down")].sort()).toEqual(["b", "c"]);
  expect([...reach(blocks, "x", "up")]).toEqual(["y"]);
});
