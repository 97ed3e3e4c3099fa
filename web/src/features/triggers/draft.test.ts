import { describe, expect, it } from "vitest";
import type { TriggerDetail } from "../../api/orchestration";
import { bodyOf, changesOf, draftOf, emptyDraft, momentOf, newProblems, problemsOf, span, secondsOf, valueOf, variableLine, wallClock } from "./draft";
import { spoken } from "./schedule";

const DETAIL = {
  id: 1, pipeline: "orders", name: "nightly", kind: "time", schedule: "30 8 * * *", words: "", active: true, time_zone: "Europe/Paris", next: null, last_run: null, problem: "",
  tags: ["a", "b"], description: "d", runs: [], settings: { time_zone: "Europe/Paris", missed_runs: "all", missed_runs_limit: 5, timeout: 5400, pipeline_run_limit: 2 },
  variables: { city: "Oulu", days: 3, code: "007", list: [1], empty: "" }, sla: 7200, start_time: "2026-01-31T07:00:00+00:00", event_matchers: [], envs: [], revision: "r", url: null, curl: null, token_set: false, upcoming: [], file: "pipelines/orders/triggers.yaml", here: true, exact: {},
} satisfies TriggerDetail;

describe("a trigger in the form", () => {
  it("is the same again when nothing was changed", () => {
    const body = bodyOf(draftOf(DETAIL));
    expect(body.settings).toEqual(DETAIL.settings);
    expect(body.variables).toEqual(DETAIL.variables);
    expect(body).toMatchObject({ schedule: "30 8 * * *", sla: 7200, tags: ["a", "b"] });
    expect(Date.parse(body.start_time ?? "")).toBe(Date.parse(DETAIL.start_time));
    expect(changesOf(body, bodyOf(draftOf(DETAIL)))).toBeNull();
  });

  it("changes what was changed, and takes out what is as it is anyway", () => {
    const before = draftOf(DETAIL);
    const now = { ...before, missed: "last", zone: "UTC", start: "", sla: span(null) };
    expect(changesOf(bodyOf(before), bodyOf(now))).toEqual({ set: { start_time: null, sla: null, settings: { time_zone: null, missed_runs: null, missed_runs_limit: null } }, variables: {}, dropped: [] });
  });

  it("sends the variables that change alone, by their names: figures that are too large for here stay as they are", () => {
    const exact = { account: "123456789012345678", nested: '[1, {"big": -98765432109876543210}]' };
    const before = draftOf({ ...DETAIL, variables: { account: JSON.parse(exact.account) as unknown, nested: JSON.parse(exact.nested) as unknown, rate: 1, note: "hello" }, exact });
    expect(before.variables.map((one) => one.text)).toEqual([exact.account, exact.nested, "1", "hello"]);
    const typed = (name: string, text: string) => ({ ...before, variables: before.variables.map((one) => (one.name === name ? { ...one, text } : one)) });
    expect(changesOf(bodyOf(before), bodyOf(typed("note", "bye")))).toEqual({ set: {}, variables: { note: "bye" }, dropped: [] });
    expect(problemsOf(typed("note", "bye"))).toEqual({});
    const renamed = { ...before, variables: before.variables.slice(2).map((one) => (one.name === "note" ? { ...one, name: "words" } : one)) };
    expect(changesOf(bodyOf(before), bodyOf(renamed))).toEqual({ set: {}, variables: { words: "hello" }, dropped: ["account", "nested", "note"] });
    expect(problemsOf(typed("nested", '[2, {"big": -98765432109876543210}]')).variables).toContain("too large");
  });

  it("takes a variable for no part of every object, whatever its name", () => {
    const before = draftOf({ ...DETAIL, variables: { constructor: "x", toString: 1 } });
    expect(before.variables.map((one) => one.text)).toEqual(["x", "1"]);
    expect(changesOf(bodyOf(before), bodyOf({ ...before, variables: [] }))).toMatchObject({ dropped: ["constructor", "toString"] });
  });

  it("of another kind keeps nothing of a schedule", () => {
    const body = bodyOf({ ...draftOf(DETAIL), kind: "api", secret: "hook" });
    expect(body.schedule).toBeNull();
    expect(body.start_time).toBeNull();
    expect(body.settings).toEqual({ timeout: 5400, pipeline_run_limit: 2, webhook: { secret: "hook", tolerance_seconds: 300 } });
  });

  it.each([
    ["runLimit", "2x"], ["runLimit", "0"], ["runLimit", "1.5"], ["priority", "high"], ["timeout", "5m"], ["timeout", "-1"], ["sla", "0"], ["missedLimit", "all"], ["missedLimit", "0x10"],
  ] as const)("marks what is no figure, and is not saved without it: %s %s", (field, text) => {
    const draft = { ...emptyDraft("p", "UTC"), name: "n", missed: "all" };
    const typed = (value: string) => ({ ...draft, [field]: field === "timeout" || field === "sla" ? { text: value, unit: "minutes" } : value });
    expect(problemsOf(typed(text))).toHaveProperty(field);
    expect(problemsOf(typed(" 2 "))).toEqual({});
    expect(problemsOf(typed(""))).toEqual({});
  });

  it("marks figures only where they are shown", () => {
    const draft = { ...emptyDraft("p", "UTC"), name: "n", missedLimit: "x", tolerance: "x", priority: "-3" };
    expect(problemsOf(draft)).toEqual({});
    expect(Object.keys(problemsOf({ ...draft, missed: "all" }))).toEqual(["missedLimit"]);
    expect(Object.keys(problemsOf({ ...draft, kind: "api", secret: "hook" }))).toEqual(["tolerance"]);
  });

  it("keeps nobody from another change because of what stood odd in its file", () => {
    const before = draftOf({ ...DETAIL, settings: { ...DETAIL.settings, pipeline_run_limit: 0 } });
    expect(newProblems(before, { ...before, description: "new" })).toEqual({});
    expect(newProblems(before, { ...before, runLimit: "-1" })).toHaveProperty("runLimit");
    expect(newProblems(before, { ...before, priority: "x" })).toHaveProperty("priority");
  });

  it("of every week needs a day: it is not every day", () => {
    const draft = { ...emptyDraft("p", "UTC"), name: "n", said: { ...spoken("0 6 * * 1"), days: [] } };
    expect(problemsOf(draft)).toEqual({ said: "Choose a day." });
    expect(bodyOf(draft).schedule?.trim()).toBe("0 6 * *");
    expect(problemsOf({ ...draft, kind: "api" })).toEqual({});
  });

  it("does not drop a value because its variable has no name yet", () => {
    const draft = { ...emptyDraft("p", "UTC"), name: "n" };
    expect(problemsOf({ ...draft, variables: [variableLine("", 3)] })).toHaveProperty("variables");
    expect(problemsOf({ ...draft, variables: [variableLine(), variableLine("x")] })).toEqual({});
  });

  it("says what is missing before anybody is asked", () => {
    const draft = emptyDraft("", "UTC");
    expect(Object.keys(problemsOf(draft))).toEqual(["pipeline", "name"]);
    expect(problemsOf({ ...draft, pipeline: "p", name: "n", kind: "dependency" })).toHaveProperty("after");
    expect(problemsOf({ ...draft, pipeline: "p", name: "n", kind: "event", matchers: "{}" })).toHaveProperty("matchers");
    expect(problemsOf({ ...draft, pipeline: "p", name: "n", variables: [variableLine("x"), variableLine("x")] })).toHaveProperty("variables");
  });
});

describe("clocks of other places", () => {
  it.each([["2026-01-31T08:00", "Europe/Paris", "2026-01-31T07:00:00.000Z"], ["2026-07-31T08:00", "Europe/Paris", "2026-07-31T06:00:00.000Z"], ["2026-03-29T03:30", "Europe/Paris", "2026-03-29T01:30:00.000Z"], ["2026-01-01T00:00", "Pacific/Auckland", "2025-12-31T11:00:00.000Z"], ["2026-01-01T05:45", "Asia/Kathmandu", "2026-01-01T00:00:00.000Z"]])("%s in %s", (clock, zone, moment) => {
    expect(momentOf(clock, zone)).toBe(moment);
    expect(wallClock(moment, zone)).toBe(clock);
  });

  it("stay UTC where the zone is unknown", () => {
    expect(momentOf("2026-01-31T08:00", "Nowhere/Town")).toBe("2026-01-31T08:00:00.000Z");
    expect(momentOf("", "UTC")).toBeNull();
  });

  it.each(["0002-01-01T00:00", "0202-01-01T00:00", "12026-01-01T00:00", "999999-12-31T23:59", "9999-12-31T23:59", "?"])("is no moment while it is typed, or beyond what there is: %s", (start) => {
    const draft = { ...emptyDraft("p", "Europe/Paris"), name: "n", start };
    expect(momentOf(start, "Europe/Paris")).toBeNull();
    expect(momentOf(start, "Pacific/Auckland") ?? "9").toMatch(/^9/);
    expect(problemsOf(draft)).toHaveProperty("start");
    expect(problemsOf({ ...draft, kind: "api" })).toEqual({});
    expect(problemsOf({ ...draft, start: "" })).toEqual({});
  });
});

describe("values", () => {
  it("are JSON where they are, and text where not", () => {
    expect([valueOf("3"), valueOf("Oulu"), valueOf("[1]"), valueOf("\"3\""), valueOf("true"), valueOf("2024-01-01")]).toEqual([3, "Oulu", [1], "3", true, "2024-01-01"]);
    expect(variableLine("x", "3").text).toBe("\"3\"");
    expect([valueOf("12345678901234567890"), valueOf("1e400"), valueOf("9007199254740991")]).toEqual(["12345678901234567890", "1e400", 9_007_199_254_740_991]);
    expect(variableLine("id", "12345678901234567890").text).toBe("12345678901234567890");
  });

  it("of time have the largest unit that says them", () => {
    expect([span(5400), span(7200), span(45), span(172_800)]).toEqual([{ text: "90", unit: "minutes" }, { text: "2", unit: "hours" }, { text: "45", unit: "seconds" }, { text: "2", unit: "days" }]);
    expect(secondsOf({ text: "1.5", unit: "hours" })).toBe(5400);
    expect(secondsOf({ text: "x", unit: "hours" })).toBeNull();
  });
});
