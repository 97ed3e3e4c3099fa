import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LiveEvent } from "../../api/live";
import { pauseOf, useFollowed, useGathered } from "./gathered";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const event = (block: string): LiveEvent => ({ type: "block_started", block }) as unknown as LiveEvent;

it("draws a run of thousands of blocks anew twice a second, and a small one with each event", () => {
  const { result } = renderHook(() => useGathered());
  const given: number[] = [];
  const give = (all: LiveEvent[]) => void given.push(all.length);
  for (let number = 0; number < 100; number += 1) result.current([event(`b${number}`)], pauseOf(10_000), give);
  expect(given).toEqual([]);
  vi.advanceTimersByTime(500);
  expect(given).toEqual([100]);
  result.current([event("one")], pauseOf(3), give);
  expect(given).toEqual([100, 1]);
});

it("stays at one of many blocks for a while, and goes at once to the next of a few", () => {
  const blocks = (count: number, running: number) => Array.from({ length: count }, (_, at) => ({ block: `b${at}`, state: at === running ? "running" : "completed" }));
  const many = renderHook(({ running }) => useFollowed(blocks(1000, running)), { initialProps: { running: 0 } });
  many.rerender({ running: 1 });
  expect(many.result.current).toBe("b0");
  vi.advanceTimersByTime(2_000);
  many.rerender({ running: 2 });
  expect(many.result.current).toBe("b2");
  const few = renderHook(({ running }) => useFollowed(blocks(3, running)), { initialProps: { running: 0 } });
  few.rerender({ running: 1 });
  expect(few.result.current).toBe("b1");
  few.rerender({ running: -1 });
  expect(few.result.current).toBe("b1");
});
