import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useId, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent } from "react";
import { count } from "../../../app/format";
import { usePreferences } from "../../../app/preferences";
import { ErrorCard } from "../../../ui/feedback";
import { Button } from "../../../ui/Button";
import { ContextMenu, type MenuItem } from "../../../ui/Menu";
import { toast, toastError } from "../../../ui/toasts";
import { CellView, cellText, comparable } from "./CellView";
import { columnMenu, layoutByKey, type ColumnActions } from "./columnMenu";
import { asForm, asTabs, MOST_COPIED, rangeOf, type CopyForm } from "./copy";
import "./grid.css";
import { HeaderCell } from "./HeaderCell";
import { moveOf, type Place } from "./keys";
import { arrange, fitting, keysOf, moveTo, setWidth, widthOf, type Layout } from "./layout";
import type { PageStore } from "./pages";
import type { ColumnProfile } from "./profile";
import { familyOf, type Cell, type Condition, type GridColumn, type PageColumn, type Rows } from "./types";
import { useRowScroll } from "./useRowScroll";
import { ROW_HEIGHT } from "./window";

export const HEADER_HEIGHT = 62;
const NUMBER_WIDTH = 62;
/** What stays at the left leaves at least this share of the width to the rest. */
const LEAST_SCROLLED = 0.35;

export interface GridProps {
  store: PageStore;
  /** All columns in the stored order; the layout orders, hides and pins them. */
  columns: GridColumn[];
  layout: Layout;
  onLayout: (layout: Layout) => void;
  rows: Rows;
  onRows: (rows: Rows) => void;
  profiles: ReadonlyMap<number, ColumnProfile>;
  onVisibleColumns: (columns: number[]) => void;
  /** A column to go to; another object for each time. */
  jump?: { column: string } | null;
  /** A cell that is opened; `row` is its number in the stored order, `cut` the full length of what is only there in part. */
  onCell?: (row: number, column: GridColumn, value: Cell, cut: number | undefined) => void;
  /** Asked for by a key: the list of columns. */
  onColumns?: () => void;
  label: string;
}

/** Ten million rows and ten thousand columns as a grid: only what is in view exists. */
export function Grid({ store: asked, columns: all, layout, onLayout, rows, onRows, profiles, onVisibleColumns, jump, onCell, onColumns, label }: GridProps) {
  useSyncExternalStore(asked.subscribe, asked.snapshot);
  const zone = usePreferences((held) => held.zone);
  // Rows stay until those of another order or condition are there.
  const held = useRef(asked);
  const ready = asked.filtered !== null || asked.error !== null;
  if (ready) held.current = asked;
  const store = held.current;
  const { shown: columns, pinned: wanted } = useMemo(() => arrange(all, layout), [all, layout]);
  const total = store.filtered ?? 0;
  const box = useRef<HTMLDivElement>(null);
  const [anchor, setAnchor] = useState<Place | null>(null);
  const [focus, setFocus] = useState<Place>([0, 0]);
  const id = useId();
  const { view, wide, spacer, first, count: drawn, shift, goTo, reveal, onScroll } = useRowScroll(box, total, HEADER_HEIGHT);

  const left = useMemo(() => {
    const found: Item[] = [];
    let start = NUMBER_WIDTH;
    for (const column of columns.slice(0, wanted)) {
      const size = widthOf(column, layout);
      if (found.length > 0 && start + size > wide * (1 - LEAST_SCROLLED)) break;
      found.push({ index: found.length, start, size });
      start += size;
    }
    return { items: found, end: start };
  }, [columns, wanted, layout, wide]);
  const pinned = left.items.length;
  const virtual = useVirtualizer({
    horizontal: true,
    count: columns.length - pinned,
    getScrollElement: () => box.current,
    estimateSize: (index) => widthOf(columns[index + pinned], layout),
    overscan: 2,
    paddingStart: left.end,
    scrollPaddingStart: left.end,
  });
  useEffect(() => {
    virtual.measure();
  }, [virtual, layout, columns, pinned]);
  const scrolled: Item[] = virtual.getVirtualItems().map((item) => ({ index: item.index + pinned, start: item.start, size: item.size }));
  const shown = [...left.items, ...scrolled].map((item) => columns[item.index]?.index ?? -1).join(",");
  const seen = useMemo(() => (shown ? shown.split(",").map(Number).filter((column) => column >= 0) : []), [shown]);
  useEffect(() => {
    onVisibleColumns(seen);
  }, [seen, onVisibleColumns]);

  // Another order (other rows, other version) asks for its first page even before its length is known.
  useEffect(() => {
    if (store === asked) asked.look(first, first + Math.max(drawn, 30), seen);
    else asked.look(0, 30, seen);
  }, [asked, store, store.version, first, drawn, seen]);
  const before = useRef(store);
  useEffect(() => {
    if (before.current === store) return;
    before.current = store;
    goTo(0);
    setAnchor(null);
    setFocus(([, column]) => [0, column]);
  }, [store, goTo]);

  const reach = (column: number) => {
    if (column >= pinned) virtual.scrollToIndex(column - pinned, { align: "auto" });
  };
  const select = (place: Place, extend: boolean) => {
    setFocus(place);
    setAnchor(extend ? (anchor ?? focus) : place);
    reveal(place[0]);
    reach(place[1]);
  };
  useEffect(() => {
    const at = jump ? columns.findIndex((column) => column.key === jump.column) : -1;
    if (at < 0) return;
    setFocus(([row]) => [row, at]);
    setAnchor(null);
    reach(at);
    box.current?.focus();
    // Once for each jump, whatever else changes.
  }, [jump]);
  const valueAt = (row: number, column: GridColumn | undefined): Cell | undefined => (column ? store.cell(row, column.index) : undefined);
  const open = (row: number, column: GridColumn, value: Cell) => onCell?.(store.number(row) ?? row, column, value, store.cut(row, column.index));
  const textsOf = (column: GridColumn) => Array.from({ length: drawn }, (_, at) => cellText(valueAt(first + at, column), column.family, zone));
  const actions: ColumnActions = { columns: all, layout, onLayout, rows, onRows, textsOf };
  const copy = async (form?: CopyForm) => {
    const range = rangeOf(anchor ?? focus, focus);
    if ((range.row1 - range.row0 + 1) * (range.column1 - range.column0 + 1) > MOST_COPIED) {
      toast("That is too much for the clipboard.", { hint: "Download the table instead, with the same filters.", tone: "failed" });
      return;
    }
    try {
      const chosen = columns.slice(range.column0, range.column1 + 1);
      const cells = await store.cells(range.row0, range.row1, chosen.map((column) => column.index));
      const names = chosen.map((column) => column.name);
      const single = !form && cells.length === 1 && chosen.length === 1;
      await navigator.clipboard.writeText(form ? asForm(form, cells, names) : asTabs(cells, single ? null : names));
      toast(single ? "Copied the cell." : `Copied ${count(cells.length)} rows × ${chosen.length} columns.`, { seconds: 2 });
    } catch (error) {
      toastError(error);
    }
  };
  const selectRows = (from: number, to: number) => {
    setAnchor([from, 0]);
    setFocus([to, columns.length - 1]);
  };
  const keep = (op: "=" | "!=") => {
    const column = columns[focus[1]];
    const value = valueAt(focus[0], column);
    if (!column || value === undefined) return;
    const condition: Condition = value === null ? { column: column.index, op: op === "=" ? "null" : "not null", value } : { column: column.index, op, value };
    onRows({ ...rows, filters: [...rows.filters, condition] });
  };
  const current = columns[focus[1]];
  const menu: MenuItem[] = [
    { label: "Copy", keys: "Mod+C", onSelect: () => void copy() },
    { label: "Copy as CSV", onSelect: () => void copy("csv") },
    { label: "Copy as Markdown", onSelect: () => void copy("markdown") },
    { label: "Copy as JSON", onSelect: () => void copy("json") },
    ...(comparable(valueAt(focus[0], current), current?.family ?? "other") ? [{ separator: true as const }, { label: "Only rows with this value", onSelect: () => keep("=") }, { label: "Only rows without this value", onSelect: () => keep("!=") }] : []),
    ...(current ? [{ separator: true as const }, { label: `Column ${current.name}`, items: columnMenu(current, actions) }] : []),
    ...(onColumns ? [{ label: "Go to a column…", keys: "G", onSelect: onColumns }] : []),
  ];
  const onKey = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLElement && event.target.closest("button, input")) return;
    const next = event.altKey ? null : moveOf(event, focus, total, columns.length, Math.max(1, Math.floor(view / ROW_HEIGHT) - 1));
    const arranged = next || !current ? null : layoutByKey(event, current, actions);
    const far = event.ctrlKey || event.metaKey;
    if (next) select(next, event.shiftKey);
    else if (arranged && current) {
      onLayout(arranged);
      // The focus stays on the column, wherever it is now.
      const at = arrange(all, arranged).shown.findIndex((column) => column.key === current.key);
      setFocus([focus[0], at >= 0 ? at : Math.max(0, Math.min(focus[1], columns.length - 2))]);
      setAnchor(null);
    } else if (far && event.key.toLowerCase() === "c") void copy();
    else if (far && event.key.toLowerCase() === "a") selectRows(0, total - 1);
    else if (event.key === "g" && !far && !event.altKey && onColumns) onColumns();
    else if (event.key === " ") selectRows(focus[0], focus[0]);
    else if (event.key === "Enter") {
      const value = valueAt(focus[0], current);
      if (current && value !== undefined) open(focus[0], current, value);
    } else if (event.key === "Escape") setAnchor(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  if (store.error) {
    return <ErrorCard className="m-3" error={store.error} action={<Button onClick={() => store.retry()}>Try again</Button>} />;
  }
  const there = focus[0] >= first && focus[0] < first + drawn && (focus[1] < pinned || scrolled.some((item) => item.index === focus[1]));
  const range = anchor ? rangeOf(anchor, focus) : null;
  const width = virtual.getTotalSize();
  const head = ({ index, start, size }: Item) => {
    const column = columns[index];
    return column ? (
      <HeaderCell
        key={column.key}
        column={column}
        index={index}
        left={start}
        width={size}
        rows={rows}
        onRows={onRows}
        profile={profiles.get(column.index)}
        total={store.total ?? 0}
        onWidth={(next) => onLayout(setWidth(layout, column.key, next))}
        onFit={() => onLayout(setWidth(layout, column.key, fitting(column.name, textsOf(column))))}
        menu={columnMenu(column, actions)}
        onDropped={(key) => onLayout(moveTo(all, layout, key, column.key))}
      />
    ) : null;
  };
  const cell = (row: number) => ({ index, start, size }: Item) => {
    const column = columns[index];
    const value = valueAt(row, column);
    const place: Place = [row, index];
    const inside = range !== null && row >= range.row0 && row <= range.row1 && index >= range.column0 && index <= range.column1;
    return (
      <CellView
        key={column?.key ?? index}
        id={`${id}-${row}-${index}`}
        value={value}
        family={column?.family ?? "other"}
        zone={zone}
        left={start}
        width={size}
        index={index}
        selected={inside}
        focused={focus[0] === row && focus[1] === index}
        onMouseDown={(event) => event.button === 0 && select(place, event.shiftKey)}
        onContextMenu={() => !inside && select(place, false)}
        onMouseEnter={(event) => event.buttons === 1 && anchor && setFocus(place)}
        onDoubleClick={() => column && value !== undefined && open(row, column, value)}
      />
    );
  };
  return (
    <ContextMenu items={menu}>
      <div ref={box} className="grid-box" data-waiting={ready ? undefined : true} aria-busy={!ready} aria-activedescendant={there ? `${id}-${focus[0]}-${focus[1]}` : undefined} onScroll={onScroll} onKeyDown={onKey} tabIndex={0} role="grid" aria-label={label} aria-rowcount={total + 1} aria-colcount={columns.length + 1} aria-multiselectable="true">
        <div style={{ height: spacer + HEADER_HEIGHT, width }} role="presentation">
          <div className="grid-layer" style={{ height: view + HEADER_HEIGHT, width }} role="rowgroup">
            <div className="grid-head" style={{ height: HEADER_HEIGHT, width }} role="row" aria-rowindex={1}>
              <div className="grid-pinned" data-any={pinned > 0 || undefined} style={{ width: left.end }} role="presentation">
                <div className="grid-corner" style={{ width: NUMBER_WIDTH }} role="columnheader" aria-colindex={1}><span className="sr-only">Row number</span></div>
                {left.items.map(head)}
              </div>
              {scrolled.map(head)}
            </div>
            <div className="grid-body" style={{ height: view }} role="presentation">
              {Array.from({ length: drawn }, (_, index) => {
                const row = first + index;
                const number = store.number(row);
                return (
                  <div key={row} className="grid-row" style={{ top: index * ROW_HEIGHT - shift, width }} role="row" aria-rowindex={row + 2}>
                    <div className="grid-pinned" data-any={pinned > 0 || undefined} style={{ width: left.end }} role="presentation">
                      <div className="grid-number" style={{ width: NUMBER_WIDTH }} role="rowheader" aria-colindex={1} onMouseDown={(event) => { if (event.button === 0) selectRows(event.shiftKey ? (anchor ?? focus)[0] : row, row); }}>{number === undefined ? "" : count(number)}</div>
                      {left.items.map(cell(row))}
                    </div>
                    {scrolled.map(cell(row))}
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

interface Item {
  /** Among the columns shown. */
  index: number;
  start: number;
  size: number;
}

/** Columns with what pages and the summary of the output tell of them. */
export function gridColumns(columns: readonly { index: number; name: string; type: string; role: string }[], known: ReadonlyMap<string, { type: string; nulls: number | null; distinct: number | null }>, seen: ReadonlyMap<number, PageColumn>): GridColumn[] {
  const keys = keysOf(columns.map((column) => column.name));
  return columns.map(({ index, name, type, role }, at) => {
    const about = role === "data" ? known.get(name) : undefined;
    const told = type || about?.type || role;
    return { index, key: keys[at] ?? name, name, type: told, nulls: about?.nulls ?? null, distinct: about?.distinct ?? null, family: familyOf(told), zone: seen.get(index)?.zone };
  });
}
