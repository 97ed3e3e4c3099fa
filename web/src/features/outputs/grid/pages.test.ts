import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { describe, expect, it, vi } from "vitest";
import { decodePage, PAGE_ROWS, PageStore } from "./pages";
import type { Page } from "./types";

const page = (offset: number): Page => ({
  offset,
  columns: [{ index: 0, name: "id", type: "int64", role: "data", cut: new Map() }],
  numbers: Array.from({ length: PAGE_ROWS }, (_, index) => offset + index),
  columnsTotal: 1,
  places: new Map([[0, 0]]),
  cells: [Array.from({ length: PAGE_ROWS }, (_, index) => offset + index)],
  rows: PAGE_ROWS,
  total: 10_000,
  filtered: 10_000,
  version: "1",
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("decodePage", () => {
  it("gives the cells of an Arrow stream, with nulls, and the counts of the headers", () => {
    const bytes = tableToIPC(tableFromArrays({ id: [1, 2, 3], name: ["a", null, "c"] }), { format: "stream" }) as Uint8Array;
    const found = decodePage(bytes, 400, new Headers({ "X-Rows-Total": "500", "X-Rows-Filtered": "403", "X-Version": "v2" }));
    expect(found.columns.map((column) => column.name)).toEqual(["id", "name"]);
    expect(found.numbers).toEqual([400, 401, 402]);
    expect(found.cells[1]).toEqual(["a", null, "c"]);
    expect([found.offset, found.rows, found.total, found.filtered, found.version]).toEqual([400, 3, 500, 403, "v2"]);
  });
});

describe("PageStore", () => {
  it("fetches the pages that are looked at, once", async () => {
    const fetchPage = vi.fn(async (offset: number) => page(offset));
    const store = new PageStore(fetchPage);
    store.look(190, 215);
    await settled();
    store.look(190, 215);
    await settled();
    expect(fetchPage.mock.calls.map(([offset]) => offset)).toEqual([0, PAGE_ROWS]);
    expect([store.cell(205, 0), store.number(205), store.cell(205, 1)]).toEqual([205, 205, undefined]);
  });

  it("gives up requests for rows that have scrolled away", async () => {
    const signals: AbortSignal[] = [];
    const store = new PageStore((_offset, _limit, _columns, signal) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    store.look(0, 20);
    store.look(5000, 5020);
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
  });

  it("keeps an error until it is tried again", async () => {
    let fails = true;
    const store = new PageStore(async (offset) => {
      if (fails) throw new Error("gone");
      return page(offset);
    });
    store.look(0, 10);
    await settled();
    expect(store.error).toBeInstanceOf(Error);
    fails = false;
    store.retry();
    await settled();
    expect(store.error).toBeNull();
    expect(store.cell(3, 0)).toBe(3);
  });

  it("keeps few pages, the ones seen last", async () => {
    const store = new PageStore(async (offset) => page(offset));
    for (let index = 0; index < 40; index += 1) {
      store.look(index * PAGE_ROWS, index * PAGE_ROWS + 10);
      await settled();
    }
    expect(store.cell(0, 0)).toBeUndefined();
    expect(store.cell(39 * PAGE_ROWS, 0)).toBe(39 * PAGE_ROWS);
  });
});

/** A page of a table of 1,234 columns, whose cell is 10,000 times the row plus the column. */
const wide = async (offset: number, limit: number, columns: readonly number[] | null): Promise<Page> => {
  const given = columns ?? Array.from({ length: 500 }, (_, at) => at);
  return {
    ...page(offset),
    columns: given.map((index) => ({ index, name: `c${index}`, type: "int64", role: "data", cut: new Map() })),
    places: new Map(given.map((index, place) => [index, place])),
    cells: given.map((index) => Array.from({ length: limit }, (_, row) => (offset + row) * 10_000 + index)),
    columnsTotal: 1234,
  };
};

describe("a wide table", () => {
  it("comes in groups of the columns that are looked at", async () => {
    const fetchPage = vi.fn(wide);
    const store = new PageStore(fetchPage, 1234);
    store.look(0, 20, [3, 4]);
    await settled();
    store.look(0, 20, [3, 1230, 1233]);
    await settled();
    expect(fetchPage.mock.calls.map(([, , columns]) => [columns?.[0], columns?.length])).toEqual([[0, 100], [1200, 34]]);
    expect([store.cell(7, 3), store.cell(7, 1233), store.cell(7, 500)]).toEqual([70_003, 71_233, undefined]);
    expect(store.number(7)).toBe(7);
  });

  it("is noticed when nobody said so", async () => {
    const fetchPage = vi.fn(wide);
    const store = new PageStore(fetchPage);
    store.look(0, 20, [700]);
    await settled();
    await settled();
    expect(fetchPage.mock.calls.map(([, , columns]) => columns?.[0])).toEqual([undefined, 700]);
    expect(store.cell(1, 700)).toBe(10_700);
  });

  it("is copied over groups and pages", async () => {
    const store = new PageStore(wide, 1234);
    expect(await store.cells(199, 200, [1, 1100])).toEqual([[1_990_001, 1_991_100], [2_000_001, 2_001_100]]);
  });
});
