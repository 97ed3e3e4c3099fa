import type { KeyboardEvent } from "react";

export type Place = [row: number, column: number];

/** Where a key leads to from a cell; null for a key that leads nowhere. */
export function moveOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey">, [row, column]: Place, rows: number, columns: number, page: number): Place | null {
  const far = event.ctrlKey || event.metaKey;
  const clamp = (r: number, c: number): Place => [Math.max(0, Math.min(rows - 1, r)), Math.max(0, Math.min(columns - 1, c))];
  switch (event.key) {
    case "ArrowDown":
      return far ? clamp(rows - 1, column) : clamp(row + 1, column);
    case "ArrowUp":
      return far ? clamp(0, column) : clamp(row - 1, column);
    case "ArrowLeft":
      return far ? clamp(row, 0) : clamp(row, column - 1);
    case "ArrowRight":
      return far ? clamp(row, columns - 1) : clamp(row, column + 1);
    case "PageDown":
      return clamp(row + page, column);
    case "PageUp":
      return clamp(row - page, column);
    case "Home":
      return far ? clamp(0, 0) : clamp(row, 0);
    case "End":
      return far ? clamp(rows - 1, columns - 1) : clamp(row, columns - 1);
    default:
      return null;
  }
}
