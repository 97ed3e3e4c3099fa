import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useId, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent, type MouseEvent } from "react";
import { count } from "../../../app/format";
import { ErrorCard } from "../../../ui/feedback";
import { Button } from "../../../ui/Button";
import { ContextMenu, type MenuItem } from "../../../ui/Menu";
import { toast, toastError } from "../../../ui/toasts";
import { asForm, asTabs, cellsOf, MOST_COPIED, rangeOf, type CopyForm } from "./copy";
import "./grid.css";
import { HeaderCell } from "./HeaderCell";
import type { PageStore } from "./pages";
import type { ColumnProfile } from "./profile";
import { familyOf, type Cell, type Condition, type GridColumn, type PageColumn, type Rows } from "./types";
import { clampPosition, positionOf, ROW_HEIGHT, rowWindow, scrollTopOf, visibleRows } from "./window";

export const HEADER_HEIGHT = 58;
const DEFAULT_WIDTH = 132;
/** A time to the second is longer than most other values. */
const TIME_WIDTH = 164;
const NUMBER_WIDTH = 62;

export interface GridProps {
  store: PageStore;
  /** All columns in the stored order; those of `hidden` are left out. */
  columns: GridColumn[];
  hidden: ReadonlySet<number>;
  rows: Rows;
  onRows: (rows: Rows) => void;
  profiles: ReadonlyMap<number, ColumnProfile>;
  onVisibleColumns: (columns: number[]) => void;
  /** A cell that is opened; `row` is its number in the stored order, `cut` the full length of what is only there in part. */
  onCell?: (row: number, column: GridColumn, value: Cell, cut: number | undefined) => void;
  label: string;
}

type Place = [row: number, column: number];

/** Ten million rows as a grid: only what is in view exists. */
export function Grid({ store, columns: all, hidden, rows, onRows, profiles, onVisibleColumns, onCell, label }: GridProps) {
  useSyncExternalStore(store.subscribe, store.snapshot);
  const columns = useMemo(() => all.filter((column) => !hidden.has(column.index)), [all, hidden]);
  const places = useMemo(() => new Map((store.columns ?? []).map((column, place) => [column.index, place])), [store.columns]);
  const total = store.filtered ?? 0;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState(0);
  const [position, setPosition] = useState(0);
  const [widths, setWidths] = useState<Record<number, number>>({});
  const [anchor, setAnchor] = useState<Place | null>(null);
  const [focus, setFocus] = useState<Place>([0, 0]);
  const moved = useRef(-1);
  const id = useId();
  const window_ = useMemo(() => rowWindow(total, view), [total, view]);
  const { first, count: drawn, shift } = visibleRows(clampPosition(position, view, window_), view, total);

  const virtual = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => widths[columns[index]?.index ?? -1] ?? (columns[index]?.family === "time" ? TIME_WIDTH : DEFAULT_WIDTH),
    overscan: 2,
    scrollPaddingStart: NUMBER_WIDTH,
  });
  useEffect(() => virtual.measure(), [virtual, widths, columns]);
  const seen = virtual.getVirtualItems();
  const shown = seen.map((item) => columns[item.index]?.index ?? -1).join(",");
  useEffect(() => onVisibleColumns(shown ? shown.split(",").map(Number) : []), [shown, onVisibleColumns]);

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const sizes = new ResizeObserver(() => setView(Math.max(0, element.clientHeight - HEADER_HEIGHT)));
    sizes.observe(element);
    return () => sizes.disconnect();
  }, []);
  // A new store (other rows, other version) asks for its first page even before its length is known.
  useEffect(() => store.look(first, first + Math.max(drawn, 30)), [store, store.version, first, drawn]);

  const goTo = useCallback(
    (next: number) => {
      const element = box.current;
      const place = clampPosition(next, view, window_);
      setPosition(place);
      if (element) {
        element.scrollTop = scrollTopOf(place, view, window_);
        moved.current = element.scrollTop;
      }
    },
    [view, window_],
  );
  useEffect(() => {
    const element = box.current;
    if (!element || window_.full <= window_.spacer) return undefined;
    // The bar stands for more rows than it has pixels: the wheel is ours, so that no row is passed over.
    const onWheel = (event: WheelEvent) => {
      if (event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      event.preventDefault();
      goTo(position + (event.deltaMode === 1 ? event.deltaY * ROW_HEIGHT : event.deltaY));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [goTo, position, window_]);

  const onScroll = () => {
    const element = box.current;
    if (!element || element.scrollTop === moved.current) return;
    moved.current = element.scrollTop;
    setPosition(positionOf(element.scrollTop, view, window_));
  };

  const select = (place: Place, extend: boolean) => {
    setFocus(place);
    setAnchor(extend ? (anchor ?? focus) : place);
    const top = place[0] * ROW_HEIGHT;
    if (top < position) goTo(top);
    else if (top + ROW_HEIGHT > position + view) goTo(top + ROW_HEIGHT - view);
    virtual.scrollToIndex(place[1], { align: "auto" });
  };
  const valueAt = (row: number, column: GridColumn | undefined): Cell | undefined => {
    const found = store.row(row);
    const at = column ? places.get(column.index) : undefined;
    return found && at !== undefined ? found.page.cells[at]?.[found.at] : undefined;
  };
  const open = (row: number, column: GridColumn, value: Cell) => {
    const found = store.row(row);
    const at = places.get(column.index);
    if (found && at !== undefined) onCell?.(found.page.numbers[found.at] ?? row, column, value, found.page.columns[at]?.cut.get(found.at));
  };
  const copy = async (form?: CopyForm) => {
    const range = rangeOf(anchor ?? focus, focus);
    if ((range.row1 - range.row0 + 1) * (range.column1 - range.column0 + 1) > MOST_COPIED) {
      toast("That is too much for the clipboard.", { hint: "Download the table instead, with the same filters.", tone: "failed" });
      return;
    }
    try {
      const chosen = columns.slice(range.column0, range.column1 + 1);
      const cells = cellsOf(await store.rowsOf(range.row0, range.row1), range, chosen.map((column) => places.get(column.index) ?? -1));
      const names = chosen.map((column) => column.name);
      const single = !form && cells.length === 1 && chosen.length === 1;
      await navigator.clipboard.writeText(form ? asForm(form, cells, names) : asTabs(cells, single ? null : names));
      toast(single ? "Copied the cell." : `Copied ${count(cells.length)} rows × ${chosen.length} columns.`, { seconds: 2 });
    } catch (error) {
      toastError(error);
    }
  };
  const selectRows = (first: number, last: number) => {
    setAnchor([first, 0]);
    setFocus([last, columns.length - 1]);
  };
  const keep = (op: "=" | "!=") => {
    const column = columns[focus[1]];
    const value = valueAt(focus[0], column);
    if (!column || value === undefined) return;
    const condition: Condition = value === null ? { column: column.index, op: op === "=" ? "null" : "not null", value } : { column: column.index, op, value };
    onRows({ ...rows, filters: [...rows.filters, condition] });
  };
  const focused = valueAt(focus[0], columns[focus[1]]);
  const familyAt = columns[focus[1]]?.family ?? "other";
  const menu: MenuItem[] = [
    { label: "Copy", keys: "Mod+C", onSelect: () => void copy() },
    { label: "Copy as CSV", onSelect: () => void copy("csv") },
    { label: "Copy as Markdown", onSelect: () => void copy("markdown") },
    { label: "Copy as JSON", onSelect: () => void copy("json") },
    ...(comparable(focused, familyAt) ? [{ separator: true as const }, { label: "Only rows with this value", onSelect: () => keep("=") }, { label: "Only rows without this value", onSelect: () => keep("!=") }] : []),
  ];
  const onKey = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLElement && event.target.closest("button, input")) return;
    const next = moveOf(event, focus, total, columns.length, Math.max(1, Math.floor(view / ROW_HEIGHT) - 1));
    if (next) select(next, event.shiftKey);
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "c") void copy();
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") selectRows(0, total - 1);
    else if (event.key === " ") selectRows(focus[0], focus[0]);
    else if (event.key === "Enter") {
      const column = columns[focus[1]];
      const value = valueAt(focus[0], column);
      if (column && value !== undefined) open(focus[0], column, value);
    } else if (event.key === "Escape") setAnchor(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  if (store.error) {
    return <ErrorCard className="m-3" error={store.error} action={<Button onClick={() => store.retry()}>Try again</Button>} />;
  }
  const there = focus[0] >= first && focus[0] < first + drawn && seen.some((item) => item.index === focus[1]);
  const range = anchor ? rangeOf(anchor, focus) : null;
  const width = NUMBER_WIDTH + virtual.getTotalSize();
  return (
    <ContextMenu items={menu}>
      <div ref={box} className="grid-box" aria-activedescendant={there ? `${id}-${focus[0]}-${focus[1]}` : undefined} onScroll={onScroll} onKeyDown={onKey} tabIndex={0} role="grid" aria-label={label} aria-rowcount={total + 1} aria-colcount={columns.length + 1} aria-multiselectable="true">
        <div style={{ height: window_.spacer + HEADER_HEIGHT, width }} role="presentation">
          <div className="grid-layer" style={{ height: view + HEADER_HEIGHT, width }} role="rowgroup">
            <div className="grid-head" style={{ height: HEADER_HEIGHT, width }} role="row" aria-rowindex={1}>
              <div className="grid-corner" style={{ width: NUMBER_WIDTH }} role="columnheader" aria-colindex={1}><span className="sr-only">Row number</span></div>
              {seen.map((item) => {
                const column = columns[item.index];
                return column ? (
                  <HeaderCell
                    key={column.index}
                    column={column}
                    index={item.index}
                    left={NUMBER_WIDTH + item.start}
                    width={item.size}
                    rows={rows}
                    onRows={onRows}
                    profile={profiles.get(column.index)}
                    total={store.total ?? 0}
                    onWidth={(next) => setWidths((held) => ({ ...held, [column.index]: next }))}
                  />
                ) : null;
              })}
            </div>
            <div className="grid-body" style={{ height: view }} role="presentation">
              {Array.from({ length: drawn }, (_, index) => {
                const row = first + index;
                return (
                  <div key={row} className="grid-row" style={{ top: index * ROW_HEIGHT - shift, width }} role="row" aria-rowindex={row + 2}>
                    <div className="grid-number" style={{ width: NUMBER_WIDTH }} role="rowheader" aria-colindex={1} onMouseDown={(event) => { if (event.button === 0) selectRows(event.shiftKey ? (anchor ?? focus)[0] : row, row); }}>{numberOf(store, row)}</div>
                    {seen.map((item) => {
                      const column = columns[item.index];
                      const value = valueAt(row, column);
                      const place: Place = [row, item.index];
                      const inside = range !== null && row >= range.row0 && row <= range.row1 && item.index >= range.column0 && item.index <= range.column1;
                      return (
                        <CellView
                          key={item.key}
                          id={`${id}-${row}-${item.index}`}
                          value={value}
                          family={column?.family ?? "other"}
                          left={NUMBER_WIDTH + item.start}
                          width={item.size}
                          index={item.index}
                          selected={inside}
                          focused={focus[0] === row && focus[1] === item.index}
                          onMouseDown={(event) => event.button === 0 && select(place, event.shiftKey)}
                          onContextMenu={() => !inside && select(place, false)}
                          onMouseEnter={(event) => event.buttons === 1 && anchor && setFocus(place)}
                          onDoubleClick={() => column && value !== undefined && open(row, column, value)}
                        />
                      );
                    })}
                  </div>
                );
              })}
              {store.filtered === 0 && <p className="grid-none">{store.total === 0 ? "This table has no rows." : "No row meets the conditions."}</p>}
            </div>
          </div>
        </div>
      </div>
    </ContextMenu>
  );
}

interface CellProps {
  id: string;
  value: Cell | undefined;
  family: string;
  left: number;
  width: number;
  index: number;
  selected: boolean;
  focused: boolean;
  onMouseDown: (event: MouseEvent) => void;
  onContextMenu: () => void;
  onMouseEnter: (event: MouseEvent) => void;
  onDoubleClick: () => void;
}

function CellView({ id, value, family, left, width, index, selected, focused, ...events }: CellProps) {
  const kind = value === undefined ? "loading" : value === null ? "null" : typeof value === "number" ? "number" : family;
  return (
    <div id={id} className="grid-cell" data-kind={kind} data-selected={selected || undefined} data-focused={focused || undefined} style={{ left, width }} role="gridcell" aria-colindex={index + 2} aria-selected={selected} {...events}>
      {textOf(value)}
    </div>
  );
}

/** Whether a condition can name a cell's value: not one that is only there in part, nor one that equals nothing. */
function comparable(value: Cell | undefined, family: string): boolean {
  if (value === undefined || (typeof value === "number" && Number.isNaN(value))) return false;
  return value === null || (family !== "other" && String(value).length < 1000);
}

/** The row's number in the stored order, also under another one. */
function numberOf(store: PageStore, row: number): string {
  const found = store.row(row);
  return found ? count(found.page.numbers[found.at] ?? row) : "";
}

/** Null, NaN and the empty text are three things and look like three. */
export function textOf(value: Cell | undefined): string {
  if (value === undefined) return "";
  if (value === null) return "null";
  if (value === "") return "“”";
  // Nine digits tell apart what a person compares; the cell that is opened, copied or downloaded has all of them.
  if (typeof value === "number") return Number.isNaN(value) ? "NaN" : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(9)));
  return typeof value === "boolean" ? String(value) : value;
}

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

/** Columns of a page, with what the summary of the output knows of them. */
export function gridColumns(columns: readonly PageColumn[], known: ReadonlyMap<string, { type: string; nulls: number | null; distinct: number | null }>): GridColumn[] {
  return columns.map(({ index, name, type, role }) => {
    const about = role === "data" ? known.get(name) : undefined;
    const told = type || about?.type || role;
    return { index, name, type: told, nulls: about?.nulls ?? null, distinct: about?.distinct ?? null, family: familyOf(told) };
  });
}
