import { describe, expect, it } from "vitest";
import { variableLine } from "../triggers/draft";
import { over } from "./BackfillsPage";
import { backfillBody, backfillProblem, emptyBackfill, figureProblems, INTERVALS, progressOf } from "./draft";

describe("a backfill in the form", () => {
  const draft = emptyBackfill("orders", Date.UTC(2026, 0, 31, 15));

  it("begins with the last days", () => {
    expect(backfillBody(draft)).toMatchObject({ start: "2026-01-24T00:00", end: "2026-01-31T00:00", interval_type: "day", interval_units: 1, parallelism: 10, retries: 0, inclusive: false, time_zone: "UTC", block: null });
    expect(backfillProblem(draft)).toBe("");
  });

  it("leaves the clocks of its time zone to the server", () => {
    expect(backfillBody({ ...draft, zone: "Europe/Helsinki", start: "2026-01-24T00:00" })).toMatchObject({ start: "2026-01-24T00:00", time_zone: "Europe/Helsinki" });
    expect(backfillBody({ ...draft, zone: "Europe/Helsinki", by: "block", block: "dates" }).time_zone).toBe("UTC");
  });

  it.each([["", 10], ["0", 0], ["4", 4], ["2.9", 2], ["many", 10], ["-1", 10]])("%j runs at once are %i", (parallelism, runs) => {
    expect(backfillBody({ ...draft, parallelism, retries: "2" })).toMatchObject({ parallelism: runs, retries: 2 });
  });

  it("offers every interval that the server knows", () => {
    expect(INTERVALS.map(({ value }) => value).sort()).toEqual(["custom", "day", "hour", "minute", "month", "second", "week", "year"]);
    expect(over({ block: null, start: 0, end: 0, interval_type: "custom", interval_units: 90, time_zone: "UTC", inclusive: false })).toMatch(/^every 90 seconds /);
  });

  it("by a block asks for no times", () => {
    expect(backfillBody({ ...draft, by: "block", block: "dates", variables: [variableLine("n", 3), variableLine()] })).toMatchObject({ block: "dates", start: null, end: null, variables: { n: 3 } });
  });

  it("says what is missing", () => {
    expect([backfillProblem({ ...draft, pipeline: "" }), backfillProblem({ ...draft, start: "2026-02-01T00:00" }), backfillProblem({ ...draft, end: "" }), backfillProblem({ ...draft, by: "block" })].every(Boolean)).toBe(true);
  });

  it.each(["0002-01-01T00:00", "12026-01-01T00:00", "?"])("says that a field holds no time: %s", (start) => {
    expect(backfillProblem({ ...draft, start })).toContain("1000 to 9999");
    expect(backfillProblem({ ...draft, end: start })).toContain("1000 to 9999");
  });

  it.each([["units", "0"], ["units", "-3"], ["units", "1.9"], ["units", "abc"], ["units", ""], ["parallelism", "abc"], ["parallelism", "-2"], ["retries", "x"]] as const)("does not take what is no figure for another: %s %s", (field, text) => {
    expect(backfillProblem({ ...draft, [field]: text })).toContain("Write a whole figure");
    expect(figureProblems({ ...draft, [field]: text })[field]).not.toBe("");
    expect(backfillProblem({ ...draft, [field]: "3" })).toBe("");
  });

  it("does not drop a value because its variable has no name yet", () => {
    expect(backfillProblem({ ...draft, variables: [variableLine("", "x")] })).toContain("no name");
  });

  it("is as far as runs have ended", () => {
    expect(progressOf({ counts: { completed: 2, failed: 1, running: 1 }, total: 6 })).toEqual({ done: 2, failed: 1, share: 0.5 });
    expect(progressOf({ counts: {}, total: 0 }).share).toBe(0);
  });
});
