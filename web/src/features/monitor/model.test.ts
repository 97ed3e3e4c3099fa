import { describe, expect, it } from "vitest";
import type { MonitorPipeline } from "../../api/orchestration";
import { durationsOf, latenessOf, pieces, ranked, sums, topOf } from "./model";

describe("the monitor", () => {
  it("stacks what went well below what did not", () => {
    const { pieces: found, total } = pieces({ failed: 2, completed: 5, unknown: 3 });
    expect(total).toBe(7);
    expect(found.map((one) => [one.state, one.from, one.to])).toEqual([["completed", 0, 5], ["failed", 5, 7]]);
  });

  it("has a round top", () => {
    expect([0, 1, 3, 7, 11, 160, 2590].map(topOf)).toEqual([1, 1, 3, 8, 15, 200, 3000]);
  });

  it("tells nothing of days of which nothing is known", () => {
    const day = { at: 0, runs: {}, p50: null, p95: null, begun: 0, wait_mean: null, wait_most: null, sla_missed: 0 };
    const days = [{ ...day, day: "x" }, { ...day, day: "y", p50: 1, p95: 2, begun: 3, wait_mean: 0, wait_most: 0.5 }];
    expect(durationsOf(days)).toEqual([{ day: "x", spread: null }, { day: "y", spread: { low: 1, high: 2 } }]);
    expect(latenessOf(days)).toEqual([{ day: "x", spread: null }, { day: "y", spread: { low: 0, high: 0.5 } }]);
  });

  it("has the pipelines first that fail, then those that are late, then the slow ones", () => {
    const one = (pipeline: string, more: Partial<MonitorPipeline>): MonitorPipeline => ({ pipeline, runs: {}, p50: null, p95: null, begun: 0, wait_mean: null, wait_most: null, sla_missed: 0, ...more });
    const list = [one("quick", { p95: 1 }), one("slow", { p95: 9 }), one("late", { sla_missed: 1 }), one("broken", { runs: { failed: 1 } })];
    expect(ranked(list).map(({ pipeline }) => pipeline)).toEqual(["broken", "late", "slow", "quick"]);
  });

  it("counts what failed", () => {
    expect(sums([{ runs: { completed: 3, interrupted: 1 } }, { runs: {} }])).toEqual({ runs: 4, failed: 1, share: 0.25 });
  });
});
