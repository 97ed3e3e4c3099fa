import { expect, test } from "vitest";
import type { FoundLine, FoundLines } from "../../api/orchestration";
import { concerns, withNewest, type Logs } from "./live";

const line = (at: number, text = `line ${at}`): FoundLine => ({ at, level: "INFO", pipeline: "p", run: "r", block: "b", stream: "log", text });
const page = (times: number[], next = "more"): FoundLines => ({ lines: times.map((at) => line(at)), next, looked: times.length });
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

test("what is the whole of it takes the place of what is held", () => {
  const found = withNewest(held(page([], "")), [page([2, 1], "")]);
  expect(found && times(found.data)).toEqual([[2, 1]]);
  expect(found?.added).toBe(2);
});

test("only lines of what is looked for are read", () => {
  const grew = (places: unknown) => [{ type: "logs_grew", seq: 1, places } as never];
  expect(concerns(grew([["p", "r", "b:1"]]), { pipeline: "p", block: "b" })).toBe(true);
  expect(concerns(grew([["p", "r", "c"]]), { block: "b" })).toBe(false);
  expect(concerns(grew([["p", "q", "b"]]), { run: "r" })).toBe(false);
  expect(concerns(grew(null), { run: "r" })).toBe(true);
});
