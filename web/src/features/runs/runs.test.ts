import { describe, expect, it } from "vitest";
import type { RunDetail } from "../../api/types";
import { forWhen } from "./filters";
import { barsOf, childrenOf, criticalPath, ticks, tickWords } from "./gantt";
import { applied, appliedAll } from "./live";
import { waitWords } from "./waits";
import { whyNotInEditor } from "./WhyCard";

const timed = (block: string, started: number | null, ended: number | null, upstream: string[] = []) => ({ block, state: "completed", queued: started, started, ended, upstream });

describe("the time line of a run", () => {
  const blocks = [timed("a", 100, 101), timed("b", 100, 105), timed("c", 105, 106, ["a", "b"]), timed("late", null, null, ["c"])];

  it("finds what the run had to wait for", () => {
    expect([...criticalPath(blocks, 106)]).toEqual(["c", "b"]);
  });

  it("counts from the start of the run, and a running block up to now", () => {
    const { bars, length } = barsOf(100, 108, [...blocks, { ...timed("d", 106, null), state: "running" }]);
    expect(bars.find((bar) => bar.block === "d")).toMatchObject({ started: 6, ended: 8 });
    expect(length).toBe(8);
    expect(bars.at(-1)).toMatchObject({ block: "late", started: null });
  });

  it("shows no bar for what was done before the run began once more", () => {
    const { bars } = barsOf(200, 205, [timed("a", 100, 101), { ...timed("b", 199, 204, ["a"]), state: "failed" }, timed("late", null, null, ["b"])]);
    expect(bars.find((bar) => bar.block === "a")).toMatchObject({ started: null, ended: null, before: true, critical: false });
    expect(bars.find((bar) => bar.block === "b")).toMatchObject({ started: 0, ended: 4, before: false });
    expect(bars.find((bar) => bar.block === "late")).toMatchObject({ started: null, before: false });
  });

  it("tells the time in which a block waits for its next attempt from that in which it ran", () => {
    const between = { ...timed("a", 100, null), state: "queued", waits: { since: 102, due: 120 } };
    expect(barsOf(100, 110, [between, timed("b", 100, 101)]).bars).toMatchObject([{ started: 0, waits: 2, ended: 10 }, { waits: null }]);
  });

  it("finds the children of a block, those that failed first", () => {
    const states = { a: "completed", "a:0": "completed", "a:1": "failed", "a:2": "queued", "ab:0": "failed", b: "failed" };
    const blocks = Object.entries(states).map(([block, state]) => ({ block, state }));
    expect(childrenOf("a", blocks).map(({ block }) => block)).toEqual(["a:1", "a:0", "a:2"]);
    expect(childrenOf("b", blocks)).toEqual([]);
  });

  it("has one row for all children of a block, and theirs below it when it is opened", () => {
    const children = Array.from({ length: 4 }, (_, index) => timed(`b:${index}`, 101 + index, index < 3 ? 103 + index : null, ["a"]));
    const run = [timed("a", 100, 101), timed("b", null, null, ["a"]), ...children, timed("c:not_a_child", 100, 100.5)];
    const closed = barsOf(100, 110, run);
    expect(closed.bars.map((bar) => bar.block)).toEqual(["a", "c:not_a_child", "b"]);
    expect(closed.bars[2]).toMatchObject({ started: 1, ended: 10, critical: true, group: { count: 4, done: 4, longest: 6, open: false } });
    expect(closed.bars[2]?.group?.histogram.reduce((sum, one) => sum + one)).toBe(4);
    const open = barsOf(100, 110, run, new Set(["b"]));
    expect(open.bars.map((bar) => [bar.block, bar.child]).slice(2)).toEqual([["b", false], ["b:0", true], ["b:1", true], ["b:2", true], ["b:3", true]]);
  });

  it("is laid out in no time for many thousand blocks", () => {
    const many = Array.from({ length: 20_000 }, (_, index) => timed(`n${index}`, 100 + index, 101 + index, index > 0 ? [`n${index - 1}`] : []));
    const before = performance.now();
    expect(barsOf(100, 30_000, many).bars).toHaveLength(20_000);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it("has round figures on its axis", () => {
    expect(ticks(8.3)).toEqual([0, 2, 4, 6, 8]);
    expect(ticks(505, 4).map(tickWords)).toEqual(["0", "5 min"]);
    expect(ticks(505).map(tickWords)).toEqual(["0", "2 min", "4 min", "6 min", "8 min"]);
    expect(ticks(100).map(tickWords)).toEqual(["0", "20 s", "40 s", "1 min", "1:20", "1:40"]);
    expect(ticks(40_000).map(tickWords)).toEqual(["0", "2 h", "4 h", "6 h", "8 h", "10 h"]);
    expect(ticks(0.42).map(tickWords)).toEqual(["0", "100 ms", "200 ms", "300 ms", "400 ms"]);
    expect(ticks(0.42).map((tick) => Number(tick.toFixed(2)))).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
  });
});

describe("a run's events", () => {
  const held = { run: "r", state: "running", blocks_done: 0, blocks: [{ block: "a", state: "running", started: 1, ref: null, outputs: [] }] } as unknown as RunDetail;

  it("end a block and count it", () => {
    const next = applied(held, { type: "block_ended", block: "a", at: 3, status: { state: "failed", seconds: 2, attempts: 1, version: null, outputs: [], tests: [], failure: { kind: "ValueError" } } });
    expect(next.blocks[0]).toMatchObject({ state: "failed", ended: 3, failure: { kind: "ValueError" } });
    expect(next.blocks_done).toBe(1);
  });

  it("make a child when it first comes up, and count its block once", () => {
    const many = appliedAll(held, [{ type: "block_queued", block: "a:0" }, { type: "block_started", block: "a:0", at: 5, attempt: 1 }, { type: "block_started", block: "nobody:1", at: 5 }]);
    expect(many.blocks.map((block) => [block.block, block.state, block.started])).toEqual([["a", "running", 1], ["a:0", "running", 5]]);
    const status = { state: "completed", seconds: 2, attempts: 1, version: "v", outputs: [], tests: [], failure: null };
    const done = appliedAll(many, [{ type: "block_ended", block: "a:0", at: 7, status }, { type: "block_ended", block: "a", at: 7, status }]);
    expect(done.blocks_done).toBe(1);
  });

  it("say what it waits for, and that it waits no longer", () => {
    const waiting = applied(held, { type: "run_waiting", run: "r", waiting: { kind: "limit", text: "one at a time", since: 3 } });
    expect(waiting.waiting?.text).toBe("one at a time");
    expect(applied(waiting, { type: "run_started", run: { run: "r", state: "running" } })).toMatchObject({ waiting: null, blocks: held.blocks });
  });

  it("tell of the attempt that failed until the next one begins", () => {
    const waiting = applied(held, { type: "block_retrying", block: "a", attempt: 2, wait: 20, at: 7, failure: { kind: "RuntimeError" } });
    expect(waiting.blocks[0]).toMatchObject({ state: "queued", attempts: 2, failure: { kind: "RuntimeError" }, waits: { since: 7, due: 27 } });
    expect(applied(waiting, { type: "block_started", block: "a", at: 27, attempt: 3 }).blocks[0]).toMatchObject({ state: "running", failure: null, waits: null, started: 1 });
    expect(applied(held, { type: "block_queued", block: "a", waits: { since: 7, due: 67 } }).blocks[0]).toMatchObject({ state: "queued", waits: { due: 67 } });
  });

  it("leave it alone when they are of no concern", () => {
    expect(applied(held, { type: "block_output", block: "a" })).toBe(held);
  });
});

it("says why the editor cannot run a block on what it was given", () => {
  expect(whyNotInEditor("clean", undefined)).toBe("");
  expect(whyNotInEditor("clean", "2026/11/21")).toContain("partition 2026/11/21");
  expect(whyNotInEditor("each:3", undefined)).toContain("The editor runs each for every item");
});

it("says when the next attempt begins, and how long that is", () => {
  const spell = (seconds: number) => `${seconds} s`;
  expect(waitWords(true, 2, 19.6, "15:10:56", spell)).toBe("Attempt 2 failed; the next one begins at 15:10:56, in 20 s.");
  expect(waitWords(true, 2, -3, "15:10:56", spell)).toBe("Attempt 2 failed; the next one begins any moment now.");
  expect(waitWords(false, 0, 60, "15:11:56", spell)).toBe("Not yet; it is asked again at 15:11:56, in 60 s.");
});

describe("the time that a run is for", () => {
  const run = { execution_date: 1000, started: 1001, trigger: null, backfill: null };

  it("is shown where it says more than when the run started", () => {
    expect(forWhen(run)).toBeNull();
    expect(forWhen({ ...run, execution_date: null })).toBeNull();
    expect(forWhen({ ...run, execution_date: 500 })).toBe(500);
    expect(forWhen({ ...run, started: 0 })).toBe(1000);
    expect(forWhen({ ...run, trigger: { id: 1 } })).toBe(1000);
    expect(forWhen({ ...run, backfill: 3 })).toBe(1000);
  });
});
