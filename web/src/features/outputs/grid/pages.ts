/**
 * Pages of a table, fetched when rows of them are looked at, a few kept. Requests for pages that have scrolled out of
 * sight are given up, so that a drag over ten million rows does not queue up hundreds of them. A wide table comes in
 * groups of columns as well, those that are in view.
 */
import { tableFromIPC } from "@uwdata/flechette";
import { send } from "../../../api/client";
import type { Cell, Page, PageColumn, Rows } from "./types";

export const PAGE_ROWS = 200;
/** A table of up to so many columns comes with all of them. */
export const WHOLE = 150;
/** Columns of a group of a wider one; the server gives 500 at most. */
export const GROUP = 100;
const KEPT = 24;
const KEPT_IN_GROUPS = 60;
const AT_ONCE = 3;

/** Gives some rows of some columns, by position; null: of all. */
export type FetchPage = (offset: number, limit: number, columns: readonly number[] | null, signal: AbortSignal) => Promise<Page>;

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
    const zone = about("zone");
    const cut = JSON.parse(about("cut") ?? "[]") as [number, number][];
    columns.push({ index: Number(about("index") ?? place), name: field.name, type: about("type") ?? "", role: about("role") ?? "data", zone, cut: new Map(cut) });
    cells.push(values);
  });
  const total = Number(headers.get("X-Rows-Total") ?? table.numRows);
  return {
    offset,
    columns,
    cells,
    places: new Map(columns.map((column, place) => [column.index, place])),
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
  return async (offset, limit, columns, signal) => {
    const body = { offset, limit, ...rows, ...(columns ? { columns } : {}) };
    const response = await send("POST", `${path}/page`, { query, body, signal });
    return decodePage(new Uint8Array(await response.arrayBuffer()), offset, response.headers);
  };
}

const keyOf = (page: number, group: number) => `${page}:${group}`;
const pageOf = (key: string) => Number(key.slice(0, key.indexOf(":")));

export class PageStore {
  private pages = new Map<string, Page>();
  private running = new Map<string, AbortController>();
  private wanted: string[] = [];
  private groups: number[] = [0];
  private looked: [first: number, last: number, columns: readonly number[]] = [0, 0, []];
  private listeners = new Set<() => void>();
  private closed = false;
  private grouped: boolean;
  /** Counts changes, so that React knows when to draw again. */
  version = 0;
  total: number | null = null;
  filtered: number | null = null;
  columnsTotal = 0;
  error: unknown = null;

  /**
   * @param fetchPage gives rows.
   * @param least how many columns there are at least; what is wider than WHOLE comes in groups of columns.
   * @param seen columns that pages have told of, by position; added to.
   */
  constructor(
    private readonly fetchPage: FetchPage,
    private readonly least = 0,
    readonly seen = new Map<number, PageColumn>(),
  ) {
    this.grouped = least > WHOLE;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): number => this.version;

  /** Say which rows and columns are looked at; fetches what is missing of them, the first first. */
  look(first: number, last: number, columns: readonly number[] = []): void {
    this.looked = [first, last, columns];
    const from = Math.max(0, Math.floor(first / PAGE_ROWS));
    const to = Math.max(from, Math.floor(Math.max(first, last) / PAGE_ROWS));
    this.groups = this.grouped && columns.length > 0 ? [...new Set(columns.map((column) => Math.floor(column / GROUP)))] : [0];
    const wanted: string[] = [];
    for (let page = from; page <= to; page += 1) {
      for (const group of this.groups) {
        const key = keyOf(page, group);
        if (!this.pages.has(key)) wanted.push(key);
        else this.touch(key);
      }
    }
    this.wanted = wanted;
    for (const [key, controller] of this.running) {
      const page = pageOf(key);
      if (page < from - 1 || page > to + 1 || (page >= from && page <= to && !wanted.includes(key))) {
        controller.abort();
        this.running.delete(key);
      }
    }
    this.pump();
  }

  private groupOf(column: number): number {
    return this.grouped ? Math.floor(column / GROUP) : 0;
  }

  /** The page that holds a cell, if it has come. */
  private holding(row: number, column: number): Page | undefined {
    return this.pages.get(keyOf(Math.floor(row / PAGE_ROWS), this.groupOf(column)));
  }

  /** A cell by row in the chosen order and by position of its column; undefined when it has not come yet. */
  cell(row: number, column: number): Cell | undefined {
    const page = this.holding(row, column);
    const place = page?.places.get(column);
    return page && place !== undefined ? page.cells[place]?.[row % PAGE_ROWS] : undefined;
  }

  /** The whole length of a cell of which only the beginning has come. */
  cut(row: number, column: number): number | undefined {
    const page = this.holding(row, column);
    const place = page?.places.get(column);
    return page && place !== undefined ? page.columns[place]?.cut.get(row % PAGE_ROWS) : undefined;
  }

  /** The number that a row has in the stored order. */
  number(row: number): number | undefined {
    for (const group of this.groups) {
      const page = this.pages.get(keyOf(Math.floor(row / PAGE_ROWS), group));
      if (page && row % PAGE_ROWS < page.rows) return page.numbers[row % PAGE_ROWS];
    }
    return undefined;
  }

  /** Cells of a range, row by row, fetched if need be: for copying. */
  async cells(first: number, last: number, columns: readonly number[]): Promise<Cell[][]> {
    const found: Cell[][] = [];
    for (let page = Math.floor(first / PAGE_ROWS); page <= Math.floor(last / PAGE_ROWS); page += 1) {
      const parts = new Map<number, Page>();
      for (const group of new Set(columns.map((column) => this.groupOf(column)))) {
        parts.set(group, this.pages.get(keyOf(page, group)) ?? (await this.fetchPage(page * PAGE_ROWS, PAGE_ROWS, this.columnsOf(group), new AbortController().signal)));
      }
      const rows = [...parts.values()][0]?.rows ?? 0;
      for (let at = Math.max(0, first - page * PAGE_ROWS); at < rows && page * PAGE_ROWS + at <= last; at += 1) {
        found.push(
          columns.map((column) => {
            const part = parts.get(this.groupOf(column));
            return part?.cells[part.places.get(column) ?? -1]?.[at] ?? null;
          }),
        );
      }
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

  private columnsOf(group: number): readonly number[] | null {
    if (!this.grouped) return null;
    const [start, end] = [group * GROUP, Math.min((group + 1) * GROUP, this.columnsTotal || this.least)];
    return Array.from({ length: Math.max(0, end - start) }, (_, at) => start + at);
  }

  private pump(): void {
    if (this.error || this.closed) return;
    for (const key of this.wanted) {
      if (this.running.size >= AT_ONCE) return;
      if (!this.running.has(key) && !this.pages.has(key)) void this.load(key);
    }
  }

  private async load(key: string): Promise<void> {
    const controller = new AbortController();
    this.running.set(key, controller);
    try {
      const columns = this.columnsOf(Number(key.slice(key.indexOf(":") + 1)));
      const found = await this.fetchPage(pageOf(key) * PAGE_ROWS, PAGE_ROWS, columns, controller.signal);
      if (this.closed || controller.signal.aborted) return;
      this.total = found.total;
      this.filtered = found.filtered;
      this.columnsTotal = found.columnsTotal;
      for (const column of found.columns) this.seen.set(column.index, column);
      if (!this.grouped && found.columnsTotal > found.columns.length) this.regroup();
      else this.keep(key, found);
    } catch (error) {
      if (controller.signal.aborted || this.closed) return;
      this.error = error;
    } finally {
      if (this.running.get(key) === controller) this.running.delete(key);
    }
    this.changed();
    this.pump();
  }

  /** The table is wider than was known: from now on it comes in groups. */
  private regroup(): void {
    this.grouped = true;
    this.pages.clear();
    this.look(...this.looked);
  }

  private keep(key: string, page: Page): void {
    this.pages.set(key, page);
    const most = this.grouped ? KEPT_IN_GROUPS : KEPT;
    for (const old of this.pages.keys()) {
      if (this.pages.size <= most) break;
      if (old !== key) this.pages.delete(old);
    }
  }

  /** The least recently looked at is the first to go. */
  private touch(key: string): void {
    const found = this.pages.get(key);
    if (!found) return;
    this.pages.delete(key);
    this.pages.set(key, found);
  }

  private changed(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}
