import { describe, expect, it } from "vitest";
import type { CalendarLane } from "../../api/orchestration";
import { hoursOf, lanesOf, strokes } from "./calendar";
import { pagesOf, until } from "./list";

const one = (id: number): CalendarLane => ({ id, pipeline: "orders", name: `t${id}`, words: "every day" });

describe("the list of triggers", () => {
  it("knows the pages of the rows that are looked at", () => {
    expect(pagesOf(0, 30)).toEqual([0]);
    expect(pagesOf(95, 130)).toEqual([0, 1]);
    expect(pagesOf(9_990, 9_999)).toEqual([99]);
    expect(pagesOf(0, -1)).toEqual([0]);
  });

  it("says how long it is until then", () => {
    expect([0, 30, 300, 5400, 7200, 30_000, 200_000, -5].map((left) => until(1000 + left, 1000))).toEqual(["in 1 s", "in 30 s", "in 5 min", "in 1 h 30 min", "in 2 h", "in 8 h", "in 2 d", "now"]);
  });
});

describe("the calendar", () => {
  it("has a lane for each trigger with slots, the next one on top", () => {
    const lanes = lanesOf([one(1), one(2), one(3)], [{ trigger: 1, pipeline: "orders", at: 50 }, { trigger: 3, pipeline: "orders", at: 40 }, { trigger: 1, pipeline: "orders", at: 20 }, { trigger: 9, pipeline: "x", at: 1 }], [3]);
    expect(lanes.map((lane) => [lane.trigger.id, lane.slots, lane.dense])).toEqual([[1, [20, 50], false], [3, [40], true]]);
  });

  it("draws slots that lie on each other once", () => {
    expect(strokes([0, 0.01, 50, 100], 0, 100)).toBe("M0 3V17M500 3V17M1000 3V17");
    expect(strokes(Array.from({ length: 86_400 }, (_, at) => at), 0, 86_400).split("M").length).toBeLessThan(1003);
  });

  it("names round hours", () => {
    const noon = Date.UTC(2026, 0, 1, 12, 30) / 1000;
    expect(hoursOf(noon, noon + 12 * 3600, 6, true).map((at) => new Date(at * 1000).getUTCHours())).toEqual([18, 0]);
  });
});
