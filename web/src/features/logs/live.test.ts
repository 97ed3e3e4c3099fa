import { expect, test } from "vitest";
import type { LiveEvent } from "../../api/live";
import type { FoundLine, FoundLines } from "../../api/orchestration";
import { concerns, FAR, withNewest, type Logs } from "./live";

const line = (at: number, text = `line ${at}`): FoundLine => ({ at, level: "INFO", pipeline: "p", run: "r", block: "b", stream: "log", text });
const page = (times: number[], next = "more", looked = times.length): FoundLines => ({ lines: times.map((at) => line(at)), next, looked });
const held = (...pages: FoundLines[]): Logs => ({ pages, pageParams: pages.map((_, index) => String(index)) });
const times = (data: Logs) => data.pages.map((one) => one.lines.map(({ at }) => at));

test("newer lines come on top, and one that was written late finds its place", () => {
  const found = withNewest(held(page([5, 3]), page([2, 1], "")), [page([7, 6, 5, 4, 3])]);
  expect(found && times(found.data)).toEqual([[7, 6, 5, 4, 3], [2, 1]]);
  expect(found?.added).toBe(3);
  expect(found?.data.pages[0]?.next).toBe("more");
});

test("lines that do not reach back to what is held are told apart", () => {
  expect(withNewest(held(page([5, 3])), [page([9, 8])])).toBeNull();
  const found = withNewest(held(page([5, 3])), [page([9, 8]), page([7, 5])]);
  expect(found && times(found.data)).toEqual([[9, 8, 7, 5, 3]]);
});

test("a search that finds nothing among the newest lines leaves what is held as it is", () => {
  const list = held(page([]), page([5, 3], ""));
  expect(withNewest(list, [page([])])).toEqual({ data: list, added: 0 });
  const nothingYet = held(page([]), page([]), page([], "further back"));
  expect(withNewest(nothingYet, [page([])])?.data).toBe(nothingYet);
});

test("a rare line comes on top of what is held, though none between was found", () => {
  const found = withNewest(held(page([]), page([5, 3], "")), [page([9, 8], "more", FAR)]);
  expect(found && times(found.data)).toEqual([[9, 8], [5, 3]]);
  expect(found?.added).toBe(2);
  const first = withNewest(held(page([]), page([], "further back")), [page([9], "more", FAR)]);
  expect(first && times(first.data)).toEqual([[9], []]);
  expect(first?.data.pages.at(-1)?.next).toBe("further back");
});

test("what is the whole of it takes the place of what is held", () => {
  const found = withNewest(held(page([], "")), [page([2, 1], "")]);
  expect(found && times(found.data)).toEqual([[2, 1]]);
  expect(found?.added).toBe(2);
});

test("a line goes down by what has come above it, whatever has come or gone below", () => {
  expect(withNewest(held(page([5, 4, 3, 2], "")), [page([6, 5, 4], "")])?.added).toBe(1);
  expect(withNewest(held(page([5, 4, 3, 2], "")), [page([3, 2], "")])?.added).toBe(0);
  expect(withNewest(held(page([5, 4, 3], "")), [page([], "")])?.added).toBe(0);
  expect(withNewest(held(page([5, 3])), [page([7, 6, 5, 3, 2, 1], "")])?.added).toBe(2);
});

test("only lines of what is looked for are read", () => {
  const grew = (places: [string, string, string][] | null): LiveEvent[] => [{ type: "logs_grew", seq: 1, places }];
  expect(concerns(grew([["p", "r", "b:1"]]), { pipeline: "p", block: "b" })).toBe(true);
  expect(concerns(grew([["p", "r", "c"]]), { block: "b" })).toBe(false);
  expect(concerns(grew([["p", "q", "b"]]), { run: "r" })).toBe(false);
  expect(concerns(grew(null), { run: "r" })).toBe(true);
});
