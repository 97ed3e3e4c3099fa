/**
 * Pages of a table, fetched when rows of them are looked at, a few kept. Requests for pages that have scrolled out of
 * sight are given up, so that a drag over ten million rows does not queue up hundreds of them.
 */
import { tableFromIPC } from "@uwdata/flechette";
import { send } from "../../../api/client";
import type { Cell, Page, PageColumn, Rows } from "./types";

export const PAGE_ROWS = 200;
const KEPT = 24;
const AT_ONCE = 3;

export type FetchPage = (offset: number, limit: number, signal: AbortSignal) => Promise<Page>;

const ROW_NUMBER = "row";

/** An Arrow stream as the server sends it: cells are numbers, truth values or text. */
export function decodePage(bytes: Uint8Array, offset: number, headers: Headers): Page {
  const table = tableFromIPC(bytes, { useBigInt: false });
  const columns: PageColumn[] = [];
  const cells: Cell[][] = [];
  let numbers: number[] = Array.from({ length: table.numRows }, (_, row) => offset + row);
  table.schema.fields.forEach((field, place) => {
    const column = table.getChildAt(place);
    const values = Array.from({ length: table.numRows }, (_unused, row) => cellOf(column.at(row)));
    const about = (key: string) => field.metadata?.get(`penstock.${key}`);
    if (about("role") === ROW_NUMBER) {
      numbers = values.map(Number);
      return;
    }
    const cut = JSON.parse(about("cut") ?? "[]") as [number, number][];
    columns.push({ index: Number(about("index") ?? place), name: field.name, type: about("type") ?? "", role: about("role") ?? "data", cut: new Map(cut) });
    cells.push(values);
  });
  const total = Number(headers.get("X-Rows-Total") ?? table.numRows);
  return {
    offset,
    columns,
    cells,
    numbers,
    rows: table.numRows,
    total,
    filtered: Number(headers.get("X-Rows-Filtered") ?? total),
    columnsTotal: Number(headers.get("X-Columns-Total") ?? columns.length),
    version: headers.get("X-Version") ?? "",
  };
}

function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") return value;
  return String(value);
}

export function pageFetcher(path: string, query: Record<string, string | undefined>, rows: Rows): FetchPage {
  return async (offset, limit, signal) => {
    const response = await send("POST", `${path}/page`, { query, body: { offset, limit, ...rows }, signal });
    return decodePage(new Uint8Array(await response.arrayBuffer()), offset, response.headers);
  };
}

export class PageStore {
  private pages = new Map<number, Page>();
  private running = new Map<number, AbortController>();
  private wanted: number[] = [];
  private listeners = new Set<() => void>();
  private closed = false;
  /** Counts changes, so that React knows when to draw again. */
  version = 0;
  total: number | null = null;
  filtered: number | null = null;
  columns: PageColumn[] | null = null;
  columnsTotal = 0;
  error: unknown = null;

  constructor(private readonly fetchPage: FetchPage) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): number => this.version;

  /** Say which rows are looked at; fetches what is missing of them, those in the middle first. */
  look(first: number, last: number): void {
    const from = Math.max(0, Math.floor(first / PAGE_ROWS));
    const to = Math.max(from, Math.floor(Math.max(first, last) / PAGE_ROWS));
    const wanted: number[] = [];
    for (let page = from; page <= to; page += 1) {
      if (!this.pages.has(page)) wanted.push(page);
      else this.touch(page);
    }
    this.wanted = wanted;
    for (const [page, controller] of this.running) {
      if (page < from - 1 || page > to + 1) {
        controller.abort();
        this.running.delete(page);
      }
    }
    this.pump();
  }

  row(index: number): { page: Page; at: number } | null {
    const page = this.pages.get(Math.floor(index / PAGE_ROWS));
    const at = index % PAGE_ROWS;
    return page && at < page.rows ? { page, at } : null;
  }

  /** Rows of a range, fetched if need be: for copying. */
  async rowsOf(first: number, last: number): Promise<Page[]> {
    const found: Page[] = [];
    for (let page = Math.floor(first / PAGE_ROWS); page <= Math.floor(last / PAGE_ROWS); page += 1) {
      found.push(this.pages.get(page) ?? (await this.fetchPage(page * PAGE_ROWS, PAGE_ROWS, new AbortController().signal)));
    }
    return found;
  }

  /** Fetch again after `close`: React's strict mode takes every part off the page once and puts it back. */
  open(): void {
    this.closed = false;
    this.pump();
  }

  close(): void {
    this.closed = true;
    for (const controller of this.running.values()) controller.abort();
    this.running.clear();
  }

  retry(): void {
    this.error = null;
    this.changed();
    this.pump();
  }

  private pump(): void {
    if (this.error || this.closed) return;
    for (const page of this.wanted) {
      if (this.running.size >= AT_ONCE) return;
      if (!this.running.has(page) && !this.pages.has(page)) void this.load(page);
    }
  }

  private async load(page: number): Promise<void> {
    const controller = new AbortController();
    this.running.set(page, controller);
    try {
      const found = await this.fetchPage(page * PAGE_ROWS, PAGE_ROWS, controller.signal);
      if (this.closed || controller.signal.aborted) return;
      this.pages.set(page, found);
      this.total = found.total;
      this.filtered = found.filtered;
      this.columns = found.columns;
      this.columnsTotal = found.columnsTotal;
      for (const old of this.pages.keys()) {
        if (this.pages.size <= KEPT) break;
        if (old !== page) this.pages.delete(old);
      }
    } catch (error) {
      if (controller.signal.aborted || this.closed) return;
      this.error = error;
    } finally {
      if (this.running.get(page) === controller) this.running.delete(page);
    }
    this.changed();
    this.pump();
  }

  /** The least recently looked at is the first to go. */
  private touch(page: number): void {
    const found = this.pages.get(page);
    if (!found) return;
    this.pages.delete(page);
    this.pages.set(page, found);
  }

  private changed(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}
