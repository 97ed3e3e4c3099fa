import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import { describe, expect, it, vi } from "vitest";
import { decodePage, PAGE_ROWS, PageStore } from "./pages";
import type { Page } from "./types";

const page = (offset: number): Page => ({
  offset,
  columns: [{ index: 0, name: "id", type: "int64", role: "data", cut: new Map() }],
  numbers: Array.from({ length: PAGE_ROWS }, (_, index) => offset + index),
  columnsTotal: 1,
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
    expect(store.row(205)?.page.cells[0]?.[store.row(205)!.at]).toBe(205);
  });

  it("gives up requests for rows that have scrolled away", async () => {
    const signals: AbortSignal[] = [];
    const store = new PageStore((_offset, _limit, signal) => {
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
    expect(store.row(3)).not.toBeNull();
  });

  it("keeps few pages, the ones seen last", async () => {
    const store = new PageStore(async (offset) => page(offset));
    for (let index = 0; index < 40; index += 1) {
      store.look(index * PAGE_ROWS, index * PAGE_ROWS + 10);
      await settled();
    }
    expect(store.row(0)).toBeNull();
    expect(store.row(39 * PAGE_ROWS)).not.toBeNull();
  });
});
