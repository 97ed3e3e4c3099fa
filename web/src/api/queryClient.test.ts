import { QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api } from "./client";
import { queryClient } from "./queryClient";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  queryClient.clear();
});

async function timesAsked(status: number): Promise<number> {
  let asked = 0;
  const error = { error: { code: "S101", message: "the database is away", hint: "" } };
  vi.stubGlobal("fetch", () => {
    asked += 1;
    const there = asked > 1 && status === 503;
    return Promise.resolve(new Response(JSON.stringify(there ? [] : error), { status: there ? 200 : status }));
  });
  const leave = new QueryObserver(queryClient, { queryKey: ["runs", status], queryFn: () => api.get("/runs") }).subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(60_000);
  leave();
  return asked;
}

it("asks again what the database was away for, until it is answered", async () => {
  expect(await timesAsked(503)).toBe(2);
});

it("asks nothing else again", async () => {
  expect(await timesAsked(404)).toBe(1);
});
