import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../api/types";
import { asked, narrowed, startedWords, stretch } from "./filters";
import { patched, withFirst, without, type Runs } from "./liveRuns";
import { all, extended, kept, NONE, toggled } from "./selection";

const run = (id: string, more: Partial<RunSummary> = {}) => ({ run: id, state: "running", ...more }) as RunSummary;
const pages = (...lists: RunSummary[][]): Runs => ({ pages: lists.map((runs, index) => ({ runs, next: index < lists.length - 1 ? `n${index}` : null })), pageParams: lists.map(String) });
const ids = (held: Runs) => held.pages.map((page) => page.runs.map((one) => one.run));

describe("a list of runs that goes on", () => {
  it("changes a row where it stands, and leaves the other pages alone", () => {
    const held = pages([run("a"), run("b")], [run("c")]);
    const { data, missing } = patched(held, [{ type: "run_ended", run: run("b", { state: "failed" }) }, { type: "run_waiting", run: "a", waiting: { kind: "limit", text: "2 of 2", since: 1 } }]);
    expect(missing).toBe(false);
    expect(data.pages[0]?.runs.map((one) => [one.state, one.waiting?.text ?? null])).toEqual([["running", "2 of 2"], ["failed", null]]);
    expect(data.pages[1]).toBe(held.pages[1]);
  });

  it("no longer waits once it has started", () => {
    const held = pages([run("a", { state: "initial", waiting: { kind: "limit", text: "2 of 2", since: 1 } })]);
    expect(patched(held, [{ type: "run_started", run: { run: "a", state: "running" } }]).data.pages[0]?.runs[0]).toMatchObject({ state: "running", waiting: null });
  });

  it("keeps what has made a run, which those who drive it do not know", () => {
    const held = pages([run("a", { trigger: { id: 1, name: "nightly", removed: false }, execution_date: 5 })]);
    const ended = run("a", { state: "completed", trigger: null, execution_date: null });
    expect(patched(held, [{ type: "run_ended", run: ended }]).data.pages[0]?.runs[0]).toMatchObject({ state: "completed", trigger: { name: "nightly" }, execution_date: 5 });
  });

  it("says when something is missing, and when nothing was said", () => {
    const held = pages([run("a")]);
    expect(patched(held, [{ type: "run_created", run: run("new") }])).toEqual({ data: held, missing: true });
    expect(patched(held, [{ type: "files_changed" }])).toEqual({ data: held, missing: false });
  });

  it("loses what was deleted elsewhere, also what was told of it at once", () => {
    const held = pages([run("a"), run("b")], [run("c")]);
    const gone = { type: "runs_deleted", runs: ["a", "c", "never seen"] };
    const { data, missing } = patched(held, [{ type: "run_changed", run: run("c", { state: "failed" }) }, gone]);
    expect([ids(data), missing]).toEqual([[["b"], []], false]);
    expect(patched(held, [{ type: "runs_deleted", runs: ["other"] }])).toEqual({ data: held, missing: false });
  });

  it("takes a newer first page without showing a run twice", () => {
    const held = pages([run("b"), run("a")], [run("z"), run("y")]);
    const next = withFirst(held, { runs: [run("c"), run("b", { state: "completed" })], next: "other" });
    expect(ids(next)).toEqual([["c", "b", "a"], ["z", "y"]]);
    expect(next.pages[0]?.next).toBe("n0");
    expect(ids(withFirst(pages([]), { runs: [run("a")], next: "n" }))).toEqual([["a"]]);
    expect(ids(without(next, new Set(["b", "y"])))).toEqual([["c", "a"], ["z"]]);
  });
});

describe("filters of runs", () => {
  it("ask for a stretch of time", () => {
    expect(stretch({ since: "24h" }, 100_000)).toEqual({ from: 13_600 });
    expect(stretch({ since: "between", from: "2026-01-01T00:00", to: "" })).toEqual({ from: Date.parse("2026-01-01T00:00") / 1000 });
    expect(stretch({ since: "nonsense" })).toEqual({});
    expect(asked({ pipeline: "p", state: "failed" })).toEqual({ pipeline: "p", state: "failed" });
    expect([narrowed({}), narrowed({ q: "" }), narrowed({ trigger: "1" })]).toEqual([false, false, true]);
  });
});

it("says by what a run was started", () => {
  const started = (trigger: { id: number; name: string; removed: boolean } | null, origin: string) => startedWords({ trigger, origin });
  expect([started({ id: 1, name: "nightly", removed: false }, "schedule"), started({ id: 1, name: "", removed: true }, "api"), started(null, "studio"), started(null, "new_kind")]).toEqual(["nightly", "a removed trigger", "In the studio", "New_kind"]);
});

describe("marked rows", () => {
  const order = ["a", "b", "c", "d"];

  it("are toggled, and a stretch is taken from the last of them", () => {
    const one = toggled(NONE, "b");
    expect([...extended(one, "d", order).keys]).toEqual(["b", "c", "d"]);
    expect([...extended(one, "a", order).keys].sort()).toEqual(["a", "b"]);
    expect(toggled(one, "b").keys.size).toBe(0);
    expect([...extended(NONE, "c", order).keys]).toEqual(["c"]);
  });

  it("are only those that are there", () => {
    expect([...kept(all(order), ["a", "d"]).keys]).toEqual(["a", "d"]);
    const held = all(order);
    expect(kept(held, order)).toBe(held);
  });
});
