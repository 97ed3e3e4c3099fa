import { useVirtualizer } from "@tanstack/react-virtual";
import { Pin } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "../../../ui/Button";
import { Input } from "../../../ui/fields";
import { AS_STORED, toggleHidden, togglePin, type Layout } from "./layout";
import type { GridColumn } from "./types";

interface Props {
  columns: GridColumn[];
  layout: Layout;
  onLayout: (layout: Layout) => void;
  /** Go to a column in the grid. */
  onGo: (key: string) => void;
}

const ROW = 26;

/** All columns, also ten thousand: found by name, gone to, hidden, kept at the left. */
export function ColumnList({ columns, layout, onLayout, onGo }: Props) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const found = ranked(columns, text);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: found.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 8 });
  const go = (column: GridColumn | undefined) => {
    if (!column) return;
    if (layout.hidden.has(column.key)) onLayout(toggleHidden(layout, column.key));
    onGo(column.key);
  };
  const step = (by: number) => {
    const next = Math.max(0, Math.min(found.length - 1, at + by));
    setAt(next);
    virtual.scrollToIndex(next);
  };
  return (
    <div className="flex w-72 flex-col gap-2">
      <Input
        autoFocus
        value={text}
        onChange={(event) => { setText(event.target.value); setAt(0); }}
        onKeyDown={(event) => {
          if (event.key === "Enter") go(found[at]);
          else if (event.key === "ArrowDown") step(1);
          else if (event.key === "ArrowUp") step(-1);
          else return;
          event.preventDefault();
        }}
        placeholder="Find a column, Enter goes there"
        aria-label="Find a column"
      />
      <div ref={box} className="max-h-72 overflow-y-auto" tabIndex={-1}>
        {found.length === 0 && <p className="px-1 text-muted">No column is called that.</p>}
        <ul style={{ height: virtual.getTotalSize(), position: "relative" }} aria-label="Columns">
          {virtual.getVirtualItems().map((item) => {
            const column = found[item.index];
            if (!column) return null;
            const pinned = layout.pinned.includes(column.key);
            return (
              <li key={column.key} className={`absolute inset-x-0 flex items-center gap-2 rounded-control px-1 hover:bg-s2 ${item.index === at ? "bg-accent-soft" : ""}`} style={{ top: item.start, height: ROW }}>
                <input type="checkbox" aria-label={`Show ${column.name}`} checked={!layout.hidden.has(column.key)} onChange={() => onLayout(toggleHidden(layout, column.key))} />
                <button type="button" className="flex min-w-0 flex-1 items-baseline gap-2 text-left" title="Go to this column" onClick={() => go(column)}>
                  <span className="min-w-0 flex-1 truncate">{column.name || <i>no name</i>}</span>
                  <span className="max-w-24 truncate text-meta text-muted">{column.type}</span>
                </button>
                <button type="button" aria-pressed={pinned} aria-label={`Keep ${column.name} at the left`} title={pinned ? "Let it scroll" : "Keep at the left"} className={pinned ? "text-accent" : "text-muted opacity-60 hover:opacity-100"} onClick={() => onLayout(togglePin(layout, column.key))}>
                  <Pin size={12} aria-hidden="true" fill={pinned ? "currentColor" : "none"} />
                </button>
              </li>
            );
          })}
        </ul>
      </div>
      <div className="flex flex-wrap gap-2 border-t border-line pt-2">
        <Button onClick={() => onLayout({ ...layout, hidden: new Set() })}>Show all</Button>
        <Button onClick={() => onLayout({ ...layout, hidden: new Set([...layout.hidden, ...found.map((column) => column.key)]) })}>{text ? "Hide these" : "Hide all"}</Button>
        {layout !== AS_STORED && <Button look="quiet" onClick={() => onLayout(AS_STORED)}>As stored</Button>}
      </div>
    </div>
  );
}

/** Columns whose name holds a text: those that are called exactly so first, then those that begin with it. */
export function ranked(columns: readonly GridColumn[], text: string): GridColumn[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [...columns];
  const rank = (name: string) => (name === wanted ? 0 : name.startsWith(wanted) ? 1 : 2);
  return columns
    .map((column) => ({ column, name: column.name.toLowerCase() }))
    .filter(({ name }) => name.includes(wanted))
    .sort((one, other) => rank(one.name) - rank(other.name))
    .map(({ column }) => column);
}
