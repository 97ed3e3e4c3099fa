import { expect, test } from "vitest";
import type { LiveEvent } from "../../api/live";
import type { FoundLine, FoundLines } from "../../api/orchestration";
import { concerns, withNewest, type Logs } from "./live";

const line = (at: number, text = `line ${at}`): FoundLine => ({ at, level: "INFO", pipeline: "p", run: "r", block: "b", stream: "log", text });
/** A page of these lines, which has looked at those from `newest` to `oldest`. */
const page = (times: number[], next = "more", newest = times[0] ?? null, oldest = times.at(-1) ?? null): FoundLines => ({ lines: times.map((at) => line(at)), next, newest, oldest });
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
  const found = withNewest(held(page([5, 3])), [page([9, 8]), page([7, 5, 4])]);
  expect(found && times(found.data)).toEqual([[9, 8, 7, 5, 3]]);
});

test("a search that finds nothing among the newest lines keeps what is held, and knows how far it has read", () => {
  const list = held(page([], "more", 20, 10), page([5, 3], "", 9, 1));
  const found = withNewest(list, [page([], "more", 30, 15)]);
  expect(found && [times(found.data), found.data.pages[0]?.newest, found.added]).toEqual([[[], [5, 3]], 30, 0]);
  const nothingYet = held(page([], "more", 20, 10), page([], "further back", 9, 1));
  expect(withNewest(nothingYet, [page([], "more", 30, 15)])?.data.pages.at(-1)?.next).toBe("further back");
});

test("a rare line comes on top of what is held, once everything between was looked at", () => {
  const list = held(page([], "more", 20, 10), page([5, 3], "", 9, 1));
  const one = page([99, 98], "more", 100, 60);
  expect(withNewest(list, [one])).toBeNull();
  expect(withNewest(list, [one, page([], "more", 59, 20)])).toBeNull(); // another one of just that time may be the next
  const found = withNewest(list, [one, page([40], "more", 59, 19)]);
  expect(found && times(found.data)).toEqual([[99, 98, 40], [5, 3]]);
  expect(found?.added).toBe(3);
  const first = withNewest(held(page([], "more", 20, 10), page([], "further back", 9, 1)), [page([29], "more", 30, 15)]);
  expect(first && times(first.data)).toEqual([[29], []]);
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
