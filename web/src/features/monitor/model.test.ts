import { describe, expect, it } from "vitest";
import { linesOf, pieces, sums, topOf } from "./model";

describe("the monitor", () => {
  it("stacks what went well below what did not", () => {
    const { pieces: found, total } = pieces({ failed: 2, completed: 5, unknown: 3 });
    expect(total).toBe(7);
    expect(found.map((one) => [one.state, one.from, one.to])).toEqual([["completed", 0, 5], ["failed", 5, 7]]);
  });

  it("has a round top", () => {
    expect([0, 1, 3, 7, 11, 160, 0.3].map(topOf)).toEqual([1, 1, 5, 10, 20, 200, 0.5]);
  });

  it("takes the newest day of each pipeline, the slowest first", () => {
    const lines = linesOf([{ pipeline: "a", day: "2026-01-02", runs: 2, p50: 1, p95: 2 }, { pipeline: "a", day: "2026-01-01", runs: 3, p50: 9, p95: 9 }, { pipeline: "b", day: "2026-01-01", runs: 1, p50: 4, p95: 5 }]);
    expect(lines.map((line) => [line.pipeline, line.runs, line.p95, line.days.length])).toEqual([["b", 1, 5, 1], ["a", 5, 2, 2]]);
  });

  it("counts what failed", () => {
    expect(sums([{ day: "x", states: { completed: 3, failed: 1 } }, { day: "y", states: {} }])).toEqual({ runs: 4, failed: 1, share: 0.25 });
  });
});
