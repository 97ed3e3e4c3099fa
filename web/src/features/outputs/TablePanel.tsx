import { Columns3, Download, RotateCcw, Search, X } from "lucide-react";
import { useCallback, useDeferredValue, useEffect, useMemo, useState } from "react";
import { count } from "../../app/format";
import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Input } from "../../ui/fields";
import { Menu } from "../../ui/Menu";
import { Popover } from "../../ui/Popover";
import { toast } from "../../ui/toasts";
import { Grid, gridColumns, textOf } from "./grid/Grid";
import { pageFetcher, PageStore } from "./grid/pages";
import { ALL_ROWS, familyOf, wordsOf, type Cell, type GridColumn, type Rows } from "./grid/types";
import { downloadUrl, outputQuery, productPath, useProfiles, type OutputRef } from "./queries";

export interface TablePanelProps {
  target: OutputRef;
  columns: readonly { name: string; type: string; nulls: number | null; distinct: number | null }[];
  total: number | null;
}

/** A stored table with everything one does with it: look, sort, filter, search, copy, download. */
export function TablePanel({ target, columns: given, total }: TablePanelProps) {
  const key = JSON.stringify(target);
  const [rows, setRows] = useState<Rows>(ALL_ROWS);
  const [typed, setTyped] = useState("");
  const search = useDeferredValue(typed);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [visible, setVisible] = useState<readonly string[]>([]);
  const [cell, setCell] = useState<{ row: number; column: GridColumn; value: Cell } | null>(null);
  const asked = useMemo(() => ({ ...rows, search }), [rows, search]);
  const store = useMemo(
    () => new PageStore(pageFetcher(productPath(target), outputQuery(target), asked)),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [key, asked],
  );
  useEffect(() => () => store.close(), [store]);
  const [, redraw] = useState(0);
  useEffect(() => store.subscribe(() => redraw((n) => n + 1)) as () => void, [store]);
  const columns = useMemo(() => {
    // The page's own columns count: an index of pandas comes as columns that the summary does not have.
    const known = new Map(given.map((column) => [column.name, column]));
    const names = store.columns ?? given.map((column) => column.name);
    return gridColumns(names.map((name) => known.get(name) ?? { name, type: "index", nulls: null, distinct: null }));
  }, [given, store.columns]);
  const profiles = useProfiles(target, asked, visible);
  const onVisible = useCallback((names: string[]) => setVisible(names), []);
  const narrowed = asked.filters.length > 0 || asked.search !== "";
  const all = store.total ?? total;

  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex min-h-9 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line px-2 py-1">
        <span className="tabular whitespace-nowrap text-ui" role="status">
          {narrowed && store.filtered !== null ? `${count(store.filtered)} of ${count(all ?? 0)} rows` : all === null ? "" : `${count(all)} rows`}
          <span className="text-muted"> × {columns.length} columns</span>
        </span>
        {asked.filters.map((condition, index) => (
          <span key={index} className="inline-flex max-w-60 items-center gap-1 rounded-control bg-accent-soft px-1.5 text-[12px]">
            <span className="truncate">{wordsOf(condition, familyOf(columns.find((column) => column.name === condition.column)?.type ?? ""))}</span>
            <button type="button" aria-label={`Remove the condition ${wordsOf(condition, "text")}`} onClick={() => setRows({ ...rows, filters: rows.filters.filter((_, at) => at !== index) })}>
              <X size={12} aria-hidden="true" />
            </button>
          </span>
        ))}
        {(narrowed || rows.sort.length > 0) && (
          <IconButton label="Show all rows in stored order" onClick={() => { setRows(ALL_ROWS); setTyped(""); }}>
            <RotateCcw size={13} aria-hidden="true" />
          </IconButton>
        )}
        <div className="ml-auto flex items-center gap-1">
          <div className="relative">
            <Search size={13} aria-hidden="true" className="pointer-events-none absolute left-2 top-2 text-muted" />
            <Input value={typed} onChange={(event) => setTyped(event.target.value)} placeholder="Find in rows" aria-label="Find in rows" className="!w-40 !pl-7" />
          </div>
          <Popover
            label="Columns"
            align="end"
            trigger={<IconButton label="Columns"><Columns3 size={14} aria-hidden="true" /></IconButton>}
          >
            <ColumnList columns={columns} hidden={hidden} onHidden={setHidden} />
          </Popover>
          <Menu
            align="end"
            items={[
              ...(narrowed || rows.sort.length ? [{ heading: "These rows, in this order" }, ...formats(target, asked), { separator: true as const }] : []),
              { heading: "The whole table" },
              ...formats(target, null),
            ]}
          >
            <IconButton label="Download"><Download size={14} aria-hidden="true" /></IconButton>
          </Menu>
        </div>
      </div>
      <div className="min-h-0 flex-1">
        <Grid store={store} columns={columns} hidden={hidden} rows={rows} onRows={setRows} profiles={profiles} onVisibleColumns={onVisible} onCell={(row, column, value) => setCell({ row, column, value })} label={`Rows of ${target.block}`} />
      </div>
      {cell && (
        <Dialog open onOpenChange={() => setCell(null)} title={cell.column.name} description={`${cell.column.type} · row ${count(cell.row)}`} wide footer={<Button onClick={() => void navigator.clipboard.writeText(cell.value === null ? "" : String(cell.value)).then(() => toast("Copied."))}>Copy</Button>}>
          <pre className="whitespace-pre-wrap break-words font-mono text-code">{pretty(cell.value)}</pre>
        </Dialog>
      )}
    </div>
  );
}

function formats(target: OutputRef, rows: Rows | null) {
  return (["csv", "parquet", "json", "arrow"] as const).map((format) => ({
    label: { csv: "CSV", parquet: "Parquet", json: "JSON", arrow: "Arrow" }[format],
    onSelect: () => window.location.assign(downloadUrl(target, format, rows)),
  }));
}

function pretty(value: Cell): string {
  if (typeof value === "string" && /^\s*[[{]/.test(value)) {
    try {
      return JSON.stringify(JSON.parse(value), null, 2);
    } catch {
      return value;
    }
  }
  return textOf(value);
}

function ColumnList({ columns, hidden, onHidden }: { columns: GridColumn[]; hidden: ReadonlySet<string>; onHidden: (hidden: ReadonlySet<string>) => void }) {
  const [text, setText] = useState("");
  const found = columns.filter((column) => column.name.toLowerCase().includes(text.toLowerCase()));
  return (
    <div className="flex w-60 flex-col gap-2">
      <Input value={text} onChange={(event) => setText(event.target.value)} placeholder="Find a column" aria-label="Find a column" />
      <div className="flex gap-2">
        <Button onClick={() => onHidden(new Set())}>Show all</Button>
        <Button onClick={() => onHidden(new Set(columns.map((column) => column.name)))}>Hide all</Button>
      </div>
      <ul className="max-h-72 overflow-y-auto">
        {found.slice(0, 300).map((column) => (
          <li key={column.name}>
            <label className="flex items-center gap-2 rounded-control px-1 py-0.5 hover:bg-s2">
              <input
                type="checkbox"
                checked={!hidden.has(column.name)}
                onChange={() => {
                  const next = new Set(hidden);
                  if (!next.delete(column.name)) next.add(column.name);
                  onHidden(next);
                }}
              />
              <span className="min-w-0 flex-1 truncate">{column.name}</span>
              <span className="text-meta text-muted">{column.type}</span>
            </label>
          </li>
        ))}
      </ul>
    </div>
  );
}
