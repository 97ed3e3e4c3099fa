/**
 * Which rows are in view. Browsers cap the height of an element (about 17 to 33 million px), so above a height that all
 * take, the scroll bar stands for the rows in proportion, and the wheel moves by exact steps.
 */

export const ROW_HEIGHT = 24;
export const TALLEST = 8_000_000;

export interface RowWindow {
  /** Height of the element that makes the scroll bar. */
  spacer: number;
  /** Px of the whole, if every row were drawn. */
  full: number;
}

export function rowWindow(rows: number, view: number): RowWindow {
  const full = rows * ROW_HEIGHT;
  return { full, spacer: Math.max(view, Math.min(full, TALLEST)) };
}

/** Where in the whole the scroll bar's place is, px. */
export function positionOf(scrollTop: number, view: number, window: RowWindow): number {
  const room = window.spacer - view;
  if (window.full <= window.spacer || room <= 0) return scrollTop;
  return (scrollTop / room) * (window.full - view);
}

/** Where the scroll bar is for a place in the whole. */
export function scrollTopOf(position: number, view: number, window: RowWindow): number {
  const room = window.full - view;
  if (window.full <= window.spacer || room <= 0) return position;
  return (position / room) * (window.spacer - view);
}

export function clampPosition(position: number, view: number, window: RowWindow): number {
  return Math.max(0, Math.min(position, Math.max(0, window.full - view)));
}

/** First row, how many are drawn, and by how much the first is moved up. */
export function visibleRows(position: number, view: number, rows: number): { first: number; count: number; shift: number } {
  const first = Math.min(Math.max(0, rows - 1), Math.floor(position / ROW_HEIGHT));
  const count = Math.min(rows - first, Math.ceil(view / ROW_HEIGHT) + 1);
  return { first, count: Math.max(0, count), shift: position - first * ROW_HEIGHT };
}
