import { expect, it } from "vitest";
import type { PipelineStatus, RunSummary } from "../../../api/types";
import { NEVER, isBusy, leftBusy, patched, pressed, released } from "./patch";

const run = (id: string): RunSummary => ({
  run: id,
  pipeline: "p",
  state: "running",
  started: 1,
  ended: null,
  seconds: null,
  blocks_total: 2,
  blocks_done: 0,
  failed_block: null,
  error: null,
  origin: "studio",
  what: "all",
  trigger: null,
  backfill: null,
  execution_date: null,
  priority: 0,
  waiting: null,
  retry_of: null,
  parent_run: null,
  sla_missed: false,
  lateness: null,
});
const start: PipelineStatus = { blocks: { a: { ...NEVER, state: "completed", stale: "code changed" }, b: NEVER }, runs: [], seq: 0 };

it("follows a block through a run and leaves other blocks untouched", () => {
  let now = patched(start, { type: "run_started", run: run("r") });
  now = patched(now, { type: "block_queued", run: "r", block: "a" });
  expect([now.blocks.a?.state, now.blocks.b === start.blocks.b, now.runs.length]).toEqual(["queued", true, 1]);
  now = patched(now, { type: "block_started", run: "r", block: "a", attempt: 1, at: 7 });
  expect([now.blocks.a?.state, now.blocks.a?.started, isBusy(now.blocks.a)]).toEqual(["running", 7, true]);
  const status = { ...NEVER, state: "completed" as const, run: "r", seconds: 0.1 };
  now = patched(now, { type: "block_ended", run: "r", block: "a", at: 8, status });
  expect([now.blocks.a, now.runs[0]?.blocks_done]).toEqual([status, 1]);
  expect(patched(now, { type: "run_ended", run: run("r") }).runs).toEqual([]);
});

it("counts a run once when its event comes after the answer that named it", () => {
  const twice = patched(patched(start, { type: "run_started", run: run("r") }), { type: "run_started", run: run("r") });
  expect(twice.runs.length).toBe(1);
});

it("sets and takes away stale marks, and is the same object when nothing changes", () => {
  const now = patched(start, { type: "stale_changed", blocks: { a: "", b: "upstream changed" } });
  expect([now.blocks.a?.stale, now.blocks.b?.stale]).toEqual(["", "upstream changed"]);
  expect(patched(now, { type: "stale_changed", blocks: { a: "" } })).toBe(now);
});

it("shows a press at once and takes it back when it is refused", () => {
  const busy = patched(start, { type: "block_started", run: "r", block: "b", attempt: 1, at: 7 });
  const now = pressed(busy, ["a", "b"]);
  expect([now.blocks.a?.state, now.blocks.b]).toEqual(["queued", busy.blocks.b]);
  expect(released(now, busy).blocks).toEqual(busy.blocks);
  const went = patched(now, { type: "block_started", run: "r2", block: "a", attempt: 1, at: 9 });
  expect(released(went, busy).blocks.a?.state).toBe("running");
});

it("notices blocks that a run left behind when it ended", () => {
  const now = patched(start, { type: "block_queued", run: "r", block: "a" });
  expect([leftBusy(now, "r"), leftBusy(now, "other"), leftBusy(pressed(start, ["b"]), "r")]).toEqual([true, false, true]);
});

it("keeps what went wrong after a block apart from how it ended, until it runs again", () => {
  const failure = { kind: "KeyError", message: "'chat'", hint: "", code: "X101", frames: [], traceback: "" };
  const callback_failures = [{ callback: "tell", after: "success", failure }];
  let now = patched(start, { type: "callback_failed", run: "r", block: "a", at: 8, callback_failures });
  expect([now.blocks.a?.state, now.blocks.a?.failure, now.blocks.a?.callback_failures]).toEqual(["completed", null, callback_failures]);
  now = patched(now, { type: "block_started", run: "s", block: "a", attempt: 1, at: 9 });
  expect(now.blocks.a?.callback_failures).toEqual([]);
});
