import { ArrowDown, ArrowUp, Filter, MoreVertical } from "lucide-react";
import { useRef, useState, type DragEvent, type MouseEvent as ReactMouseEvent } from "react";
import { shortCount } from "../../../app/format";
import { usePreferences } from "../../../app/preferences";
import { IconButton } from "../../../ui/Button";
import { ContextMenu, Menu, type MenuItem } from "../../../ui/Menu";
import { Popover } from "../../../ui/Popover";
import { ConditionForm } from "./ConditionForm";
import { Distribution } from "./Distribution";
import type { ColumnProfile } from "./profile";
import type { GridColumn, Rows } from "./types";
import { zoneWords } from "./zones";

interface Props {
  column: GridColumn;
  index: number;
  left: number;
  width: number;
  rows: Rows;
  onRows: (rows: Rows) => void;
  profile: ColumnProfile | undefined;
  total: number;
  onWidth: (width: number) => void;
  onFit: () => void;
  menu: MenuItem[];
  /** Another column was dropped here. */
  onDropped: (key: string) => void;
}

const DRAGGED = "application/x-penstock-column";

/** A column's head: name (sorts), type, what its values look like, share of nulls, condition, width; it can be dragged. */
export function HeaderCell({ column, index, left, width, rows, onRows, profile, total, onWidth, onFit, menu, onDropped }: Props) {
  const [open, setOpen] = useState(false);
  const [over, setOver] = useState(false);
  const resizing = useRef(false);
  const zone = zoneWords(column.zone, usePreferences((held) => held.zone));
  const drag = {
    draggable: true,
    onDragStart: (event: DragEvent) => {
      // Its edge is drawn for the width: that moves nothing.
      if (resizing.current) event.preventDefault();
      event.dataTransfer.setData(DRAGGED, column.key);
      event.dataTransfer.effectAllowed = "move";
    },
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer.types.includes(DRAGGED)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      onDropped(event.dataTransfer.getData(DRAGGED));
    },
  };
  const sorted = rows.sort.find((one) => one.column === column.index);
  const filtered = rows.filters.some((one) => one.column === column.index);
  const sort = (event: ReactMouseEvent) => onRows({ ...rows, sort: nextSort(rows, column.index, event.shiftKey) });
  return (
    <ContextMenu items={menu}>
    <div className="grid-column group" data-over={over || undefined} style={{ left, width }} {...drag} role="columnheader" aria-colindex={index + 2} aria-sort={sorted ? (sorted.descending ? "descending" : "ascending") : "none"}>
      <div className="grid-column-name">
        <button type="button" onClick={sort} title={`${column.name} · ${column.type}\nClick: sort. Shift+click: sort by it as well. Drag: move it.${zone ? `\n${zone.long}` : ""}`}>
          {column.name || <i>no name</i>}
        </button>
        {sorted && (sorted.descending ? <ArrowDown size={12} aria-hidden="true" /> : <ArrowUp size={12} aria-hidden="true" />)}
        {zone && <span className="flex-none text-[10px] font-normal text-muted" title={zone.long}>{zone.short}</span>}
        <span className="ml-auto" />
        <Popover
          open={open}
          onOpenChange={setOpen}
          label={`Condition on ${column.name}`}
          trigger={
            <IconButton label={`Filter by ${column.name}`} className={filtered ? "h-4 w-4 !text-accent" : "h-4 w-4 opacity-50 hover:opacity-100 focus-visible:opacity-100"}>
              <Filter size={11} aria-hidden="true" fill={filtered ? "currentColor" : "none"} />
            </IconButton>
          }
        >
          <ConditionForm column={column} profile={profile} onAdd={(condition) => {
            onRows({ ...rows, filters: [...rows.filters, condition] });
            setOpen(false);
          }} />
        </Popover>
        <Menu items={menu} align="end">
          <IconButton label={`Column ${column.name}`} tabIndex={-1} className="!absolute right-6 top-1 h-4 w-4 !bg-s1 opacity-0 group-hover:opacity-100 data-[state=open]:opacity-100">
            <MoreVertical size={11} aria-hidden="true" />
          </IconButton>
        </Menu>
      </div>
      <Distribution profile={profile} width={Math.max(0, width - 16)} height={18} />
      <div className="grid-column-meta">
        <span className="truncate">{column.type}</span>
        <span>{metaOf(column, profile, total)}</span>
      </div>
      <Edge width={width} onWidth={onWidth} onFit={onFit} name={column.name} resizing={resizing} />
    </div>
    </ContextMenu>
  );
}

/** Sorted by nothing, ascending, descending, and again; with `more`, beside what it is sorted by already. */
export function nextSort(rows: Rows, column: number, more: boolean): Rows["sort"] {
  const held = rows.sort.find((one) => one.column === column);
  const rest = more ? rows.sort.filter((one) => one.column !== column) : [];
  if (!held) return [...rest, { column, descending: false }];
  return held.descending ? rest : [...rest, { column, descending: true }];
}

function metaOf(column: GridColumn, profile: ColumnProfile | undefined, total: number): string {
  const nulls = profile?.nulls ?? column.nulls;
  const distinct = profile?.distinct ?? column.distinct;
  const rows = profile?.rows ?? total;
  const parts: string[] = [];
  if (nulls && rows) parts.push(`${share(nulls / rows)} null`);
  if (distinct !== null && distinct !== undefined) parts.push(`${profile && !profile.exact ? "≈" : ""}${shortCount(distinct)} ${distinct === 1 ? "value" : "values"}`);
  return parts.join(" · ");
}

function share(value: number): string {
  const percent = value * 100;
  return percent > 0 && percent < 1 ? "<1%" : `${Math.round(percent)}%`;
}

function Edge({ width, onWidth, onFit, name, resizing }: { width: number; onWidth: (width: number) => void; onFit: () => void; name: string; resizing: { current: boolean } }) {
  const start = useRef<{ x: number; width: number } | null>(null);
  return (
    <div
      className="grid-column-edge"
      role="separator"
      aria-label={`Width of ${name}`}
      aria-orientation="vertical"
      aria-valuenow={width}
      tabIndex={-1}
      onPointerDown={(event) => {
        start.current = { x: event.clientX, width };
        resizing.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (start.current) onWidth(start.current.width + event.clientX - start.current.x);
      }}
      onPointerUp={() => {
        start.current = null;
        resizing.current = false;
      }}
      onDoubleClick={onFit}
    />
  );
}
