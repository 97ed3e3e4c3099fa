import { describe, expect, it } from "vitest";
import { variableLine } from "../triggers/draft";
import { backfillBody, backfillProblem, emptyBackfill, progressOf } from "./draft";

describe("a backfill in the form", () => {
  const draft = emptyBackfill("orders", Date.UTC(2026, 0, 31, 15));

  it("begins with the last days", () => {
    expect(backfillBody(draft)).toMatchObject({ start: Date.UTC(2026, 0, 24) / 1000, end: Date.UTC(2026, 0, 30) / 1000, interval_type: "day", interval_units: 1, parallelism: 1, retries: 0, inclusive: true, time_zone: "UTC", block: null });
    expect(backfillProblem(draft)).toBe("");
  });

  it("counts days of its time zone", () => {
    expect(backfillBody({ ...draft, zone: "Europe/Helsinki", start: "2026-01-24T00:00", parallelism: "", retries: "2" })).toMatchObject({ start: Date.UTC(2026, 0, 23, 22) / 1000, parallelism: 0, retries: 2 });
  });

  it("by a block asks for no times", () => {
    expect(backfillBody({ ...draft, by: "block", block: "dates", variables: [variableLine("n", 3), variableLine()] })).toMatchObject({ block: "dates", start: null, end: null, variables: { n: 3 } });
  });

  it("says what is missing", () => {
    expect([backfillProblem({ ...draft, pipeline: "" }), backfillProblem({ ...draft, start: "2026-02-01T00:00" }), backfillProblem({ ...draft, end: "" }), backfillProblem({ ...draft, by: "block" })].every(Boolean)).toBe(true);
  });

  it("is as far as runs have ended", () => {
    expect(progressOf({ counts: { completed: 2, failed: 1, running: 1 }, total: 6 })).toEqual({ done: 2, failed: 1, share: 0.5 });
    expect(progressOf({ counts: {}, total: 0 }).share).toBe(0);
  });
});
