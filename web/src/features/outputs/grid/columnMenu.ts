import type { MenuItem } from "../../../ui/Menu";
import { fitting, moveBy, setWidth, toggleHidden, togglePin, widthOf, type Layout } from "./layout";
import type { GridColumn, Rows } from "./types";

export interface ColumnActions {
  columns: readonly GridColumn[];
  layout: Layout;
  onLayout: (layout: Layout) => void;
  rows: Rows;
  onRows: (rows: Rows) => void;
  /** What is shown of the column now: its width is fitted to that. */
  textsOf: (column: GridColumn) => string[];
}

export const STEP = 16;

/** Everything that one does with a column, with the keys that do it from a cell of it. */
export function columnMenu(column: GridColumn, { columns, layout, onLayout, rows, onRows, textsOf }: ColumnActions): MenuItem[] {
  const { key } = column;
  const pinned = layout.pinned.includes(key);
  const sorted = rows.sort.find((one) => one.column === column.index);
  const width = widthOf(column, layout);
  const sort = (descending: boolean) => onRows({ ...rows, sort: [{ column: column.index, descending }] });
  return [
    { label: "Sort ascending", checked: sorted?.descending === false, onSelect: () => sort(false) },
    { label: "Sort descending", checked: sorted?.descending === true, onSelect: () => sort(true) },
    ...(sorted ? [{ label: "Do not sort by it", onSelect: () => onRows({ ...rows, sort: rows.sort.filter((one) => one !== sorted) }) }] : []),
    { separator: true },
    { label: pinned ? "Let it scroll" : "Keep at the left", keys: "P", onSelect: () => onLayout(togglePin(layout, key)) },
    { label: "Move left", keys: "Shift+Alt+ArrowLeft", onSelect: () => onLayout(moveBy(columns, layout, key, -1)) },
    { label: "Move right", keys: "Shift+Alt+ArrowRight", onSelect: () => onLayout(moveBy(columns, layout, key, 1)) },
    { label: "Hide", keys: "H", onSelect: () => onLayout(toggleHidden(layout, key)) },
    { separator: true },
    { label: "Wider", keys: "+", onSelect: () => onLayout(setWidth(layout, key, width + STEP)) },
    { label: "Narrower", keys: "-", onSelect: () => onLayout(setWidth(layout, key, width - STEP)) },
    { label: "As wide as its values", keys: "0", onSelect: () => onLayout(setWidth(layout, key, fitting(column.name, textsOf(column)))) },
  ];
}

/** What a key does with the column of the cell in focus; null for a key that does nothing with it. */
export function layoutByKey(event: { key: string; altKey: boolean; shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }, column: GridColumn, { columns, layout, textsOf }: ColumnActions): Layout | null {
  if (event.ctrlKey || event.metaKey) return null;
  if (event.altKey) {
    if (!event.shiftKey || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return null;
    return moveBy(columns, layout, column.key, event.key === "ArrowLeft" ? -1 : 1);
  }
  switch (event.key) {
    case "+":
      return setWidth(layout, column.key, widthOf(column, layout) + STEP);
    case "-":
      return setWidth(layout, column.key, widthOf(column, layout) - STEP);
    case "0":
      return setWidth(layout, column.key, fitting(column.name, textsOf(column)));
    case "p":
      return togglePin(layout, column.key);
    case "h":
      return toggleHidden(layout, column.key);
    default:
      return null;
  }
}
