import { describe, expect, it } from "vitest";
import type { RunDetail } from "../../api/types";
import { barsOf, criticalPath, ticks } from "./gantt";
import { applied } from "./live";

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

  it("has round figures on its axis", () => {
    expect(ticks(8.3)).toEqual([0, 2, 4, 6, 8]);
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

  it("leave it alone when they are of no concern", () => {
    expect(applied(held, { type: "block_output", block: "a" })).toBe(held);
  });
});
