/** How the columns of a grid are arranged: order, those that stay at the left, those that are hidden, widths. */
import type { GridColumn } from "./types";

/** Columns go by name here, so that an arrangement holds for the next version too; repeated names are counted. */
export interface Layout {
  /** All columns in the order that was made by moving; empty: as stored. */
  order: readonly string[];
  pinned: readonly string[];
  hidden: ReadonlySet<string>;
  widths: Readonly<Record<string, number>>;
}

export const AS_STORED: Layout = { order: [], pinned: [], hidden: new Set(), widths: {} };
export const DEFAULT_WIDTH = 132;
/** A time to the second is longer than most other values. */
const TIME_WIDTH = 164;
const ZONED_WIDTH = 222;
const NARROWEST = 48;
const WIDEST = 900;

/** What columns go by in a layout: the name, and for those that repeat one, which of them it is. */
export function keysOf(names: readonly string[]): string[] {
  const met = new Map<string, number>();
  return names.map((name) => {
    const nth = met.get(name) ?? 0;
    met.set(name, nth + 1);
    return nth === 0 ? name : `${name}\u0000${nth}`;
  });
}

/** All columns in order; those that a moved order does not know yet come after the one they follow in the table. */
function ordered(columns: readonly GridColumn[], order: readonly string[]): GridColumn[] {
  if (order.length === 0) return [...columns];
  const byKey = new Map(columns.map((column) => [column.key, column]));
  const known = order.filter((key) => byKey.has(key));
  const placed = new Set(known);
  const after = new Map<string, string[]>();
  let last = "";
  for (const { key } of columns) {
    if (placed.has(key)) last = key;
    else after.set(last, [...(after.get(last) ?? []), key]);
  }
  const keys = [...(after.get("") ?? []), ...known.flatMap((key) => [key, ...(after.get(key) ?? [])])];
  return keys.flatMap((key) => byKey.get(key) ?? []);
}

/** The columns as they are shown, those that stay at the left first, and how many these are. */
export function arrange(columns: readonly GridColumn[], layout: Layout): { shown: GridColumn[]; pinned: number } {
  const seen = columns.filter((column) => !layout.hidden.has(column.key));
  const byKey = new Map(seen.map((column) => [column.key, column]));
  const pinned = layout.pinned.flatMap((key) => byKey.get(key) ?? []);
  const held = new Set(pinned.map((column) => column.key));
  return { shown: [...pinned, ...ordered(seen, layout.order).filter((column) => !held.has(column.key))], pinned: pinned.length };
}

/** Put a column where another one is; both stay at the left or both do not. */
export function moveTo(columns: readonly GridColumn[], layout: Layout, key: string, target: string): Layout {
  if (key === target) return layout;
  const shift = (keys: readonly string[]): string[] => {
    const to = keys.indexOf(target);
    const rest = keys.filter((one) => one !== key);
    rest.splice(to, 0, key);
    return rest;
  };
  if (layout.pinned.includes(target)) return { ...layout, pinned: shift(layout.pinned) };
  const order = shift(ordered(columns, layout.order).map((column) => column.key));
  return { ...layout, order, pinned: layout.pinned.filter((one) => one !== key) };
}

/** Move a column by one place among those shown. */
export function moveBy(columns: readonly GridColumn[], layout: Layout, key: string, by: -1 | 1): Layout {
  const { shown, pinned } = arrange(columns, layout);
  const at = shown.findIndex((column) => column.key === key);
  const next = at + by;
  const target = shown[next];
  if (at < 0 || !target || at < pinned !== next < pinned) return layout;
  return moveTo(columns, layout, key, target.key);
}

export function togglePin(layout: Layout, key: string): Layout {
  const held = layout.pinned.includes(key);
  return { ...layout, pinned: held ? layout.pinned.filter((one) => one !== key) : [...layout.pinned, key] };
}

export function toggleHidden(layout: Layout, key: string): Layout {
  const hidden = new Set(layout.hidden);
  if (!hidden.delete(key)) hidden.add(key);
  return { ...layout, hidden };
}

export function widthOf(column: GridColumn | undefined, layout: Layout): number {
  if (!column) return DEFAULT_WIDTH;
  return layout.widths[column.key] ?? (column.zone ? ZONED_WIDTH : column.family === "time" ? TIME_WIDTH : DEFAULT_WIDTH);
}

export function setWidth(layout: Layout, key: string, width: number): Layout {
  return { ...layout, widths: { ...layout.widths, [key]: Math.round(Math.max(NARROWEST, Math.min(WIDEST, width))) } };
}

/** The width that shows the name and every one of some texts in full, within reason. */
export function fitting(name: string, texts: readonly string[]): number {
  const longest = texts.reduce((most, text) => Math.max(most, text.length), 0);
  return Math.max(64, Math.min(480, Math.max(longest * 7.4 + 18, name.length * 7.2 + 64)));
}
