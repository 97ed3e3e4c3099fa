import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { eventually } from "../../api/eventually";
import type { FoundLine, FoundLines } from "../../api/orchestration";
import { ServerEnd } from "../../api/serverEnd";
import { useFurther } from "../../api/useFurther";
import { MOST, type Logs } from "./live";
import { useLogs, useNewLines, type LogFilters } from "./queries";

interface Asked {
  query: URLSearchParams;
  answer: (found: FoundLines) => void;
}

let asked: Asked[];
let client: QueryClient;
const line = (at: number): FoundLine => ({ at, level: "INFO", pipeline: "p", run: "r", block: "b", stream: "log", text: `line ${at}` });
const page = (times: number[], next = "", newest = times[0] ?? null, oldest = times.at(-1) ?? null): FoundLines => ({ lines: times.map(line), next, newest, oldest });
const span = (newest: number, count: number) => Array.from({ length: count }, (_, index) => newest - index);
const hold = (filters: LogFilters, ...pages: FoundLines[]) => client.setQueryData<Logs>(["logs", filters], { pages, pageParams: pages.map((_, index) => String(index)) });
const times = (filters: LogFilters) => client.getQueryData<Logs>(["logs", filters])?.pages.flatMap((one) => one.lines.map(({ at }) => at));
const rings = () => act(() => ServerEnd.only?.tells("logs", { type: "logs_grew", places: null }));
/** The request of that number, once it was made. */
const request = (number: number) => eventually(() => asked[number] ?? Promise.reject(new Error(`only ${asked.length} requests`)));
const answer = async (number: number, found: FoundLines) => {
  const { answer: tell } = await request(number);
  await act(async () => tell(found));
};

/** The list of a page with its new lines; `onward` asks for what comes further back as soon as it may, as a search does. */
function open(start: { filters: LogFilters; top?: boolean; onward?: boolean }) {
  const added: number[] = [];
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  const draw = ({ filters, top = true, onward = false }: typeof start) => {
    useFurther(useLogs(filters), onward);
    useNewLines(filters, () => top, (count) => added.push(count));
  };
  return { added, ...renderHook(draw, { initialProps: start, wrapper }) };
}

beforeEach(() => {
  asked = [];
  client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  vi.stubGlobal("WebSocket", ServerEnd);
  vi.stubGlobal("fetch", (url: string) => new Promise<Response>((done) => {
    asked.push({ query: new URL(url, "http://here").searchParams, answer: (found) => done(new Response(JSON.stringify(found))) });
  }));
});
afterEach(() => {
  cleanup();
  client.clear();
  vi.unstubAllGlobals();
});

it("reads for what is looked for now, and drops what was read for something else", async () => {
  hold({ q: "old" }, page([1]));
  hold({ q: "new" }, page([2]));
  const { added, rerender } = open({ filters: { q: "old" } });
  rings();
  expect((await request(0)).query.get("q")).toBe("old");
  rerender({ filters: { q: "new" } });
  rings();
  await answer(0, page([5, 4, 3, 1]));
  expect((await request(1)).query.get("q")).toBe("new");
  expect(added).toEqual([]);
  expect(times({ q: "old" })).toEqual([1]);
  await answer(1, page([6, 2]));
  await eventually(() => expect(times({ q: "new" })).toEqual([6, 2]));
  expect(added).toEqual([1]);
});

it("lets no list grow without end under a reader, who gets the newest lines when he is at the top again", async () => {
  const read = span(MOST, MOST - 1);
  hold({}, page(read, "more"));
  const { added, rerender } = open({ filters: {}, top: false });
  rings();
  await answer(0, page(span(MOST + 1, 3), "more"));
  await eventually(() => expect(added).toEqual([1]));
  rings();
  await answer(1, page(span(MOST + 5, 6), "more"));
  rings();
  await answer(2, page(span(MOST + 9, 10), "more"));
  expect(times({})).toEqual([MOST + 1, ...read]);
  expect(added).toEqual([1]);
  rerender({ filters: {}, top: true });
  await answer(3, page(span(MOST + 9, 10), "more"));
  await eventually(() => expect(times({})).toEqual(span(MOST + 9, 10)));
  expect(asked).toHaveLength(4);
});

it("goes by who is at the top when the lines have come, not when they were asked for", async () => {
  hold({}, page([1], "more"));
  const { rerender } = open({ filters: {} });
  rings();
  for (const number of [0, 1, 2]) await answer(number, page([100 - number], "more"));
  await request(3);
  rerender({ filters: {}, top: false });
  await answer(3, page([97], "more"));
  expect(times({})).toEqual([1]);
});

it("puts new lines into a list that is just searched further back, and keeps both", async () => {
  hold({}, page([9, 8], "further"));
  const { added } = open({ filters: {}, onward: true });
  expect((await request(0)).query.get("before")).toBe("further");
  rings();
  await answer(1, page([11, 10, 9, 8], "further"));
  expect(added).toEqual([]);
  await answer(0, page([], "and further"));
  await eventually(() => expect(times({})).toEqual([11, 10, 9, 8]));
  expect(added).toEqual([2]);
  expect((await request(2)).query.get("before")).toBe("and further");
  await answer(2, page([7]));
  await eventually(() => expect(times({})).toEqual([11, 10, 9, 8, 7]));
});

it("looks for a rare line until it has come to what it has looked at before", async () => {
  const filters = { q: "rare" };
  hold(filters, page([], "further", 20, 10), page([5], "", 9, 1));
  const { added } = open({ filters });
  rings();
  await answer(0, page([99], "a", 100, 60));
  expect((await request(1)).query.get("before")).toBe("a");
  await answer(1, page([40], "b", 59, 15));
  await eventually(() => expect(times(filters)).toEqual([99, 40, 5]));
  expect(added).toEqual([2]);
  rings();
  await answer(2, page([99], "c", 110, 70));
  rings();
  await answer(3, page([105], "d", 120, 101));
  await eventually(() => expect(times(filters)).toEqual([105, 99, 40, 5]));
  expect(asked).toHaveLength(4);
});

it("reads a list anew that somebody comes back to: no bell has told of what came meanwhile", async () => {
  const { rerender } = open({ filters: { q: "one" } });
  await answer(0, page([1]));
  rerender({ filters: { q: "other" } });
  await answer(1, page([2]));
  await eventually(() => expect(times({ q: "one" })).toBeUndefined());
  rerender({ filters: { q: "one" } });
  expect((await request(2)).query.get("q")).toBe("one");
});
