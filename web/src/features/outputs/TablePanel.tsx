import { Columns3, Download, RotateCcw, Search, X } from "lucide-react";
import { useCallback, useDeferredValue, useEffect, useMemo, useState } from "react";
import { count } from "../../app/format";
import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorCard, Spinner } from "../../ui/feedback";
import { Input } from "../../ui/fields";
import { Menu } from "../../ui/Menu";
import { Popover } from "../../ui/Popover";
import { toast } from "../../ui/toasts";
import { Grid, gridColumns, textOf } from "./grid/Grid";
import { pageFetcher, PageStore } from "./grid/pages";
import { ALL_ROWS, wordsOf, type Cell, type GridColumn, type PageColumn, type Rows } from "./grid/types";
import { downloadUrl, outputQuery, productPath, useCell, useProfiles, type OutputRef } from "./queries";

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
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const [visible, setVisible] = useState<readonly number[]>([]);
  const [cell, setCell] = useState<OpenCell | null>(null);
  const asked = useMemo(() => ({ ...rows, search }), [rows, search]);
  const store = useMemo(
    () => new PageStore(pageFetcher(productPath(target), outputQuery(target), asked)),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [key, asked],
  );
  useEffect(() => {
    store.open();
    return () => store.close();
  }, [store]);
  const [, redraw] = useState(0);
  useEffect(() => store.subscribe(() => redraw((n) => n + 1)) as () => void, [store]);
  const known = useMemo(() => new Map(given.map((column) => [column.name, column])), [given]);
  const [told, setTold] = useState<readonly PageColumn[] | null>(null);
  useEffect(() => {
    if (store.columns) setTold(store.columns);
  }, [store, store.columns]);
  const columns = useMemo(() => gridColumns(told ?? [], known), [told, known]);
  const profiles = useProfiles(target, asked, visible);
  const onVisible = useCallback((seen: number[]) => setVisible(seen), []);
  const narrowed = asked.filters.length > 0 || asked.search !== "";
  const all = store.total ?? total;

  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex min-h-9 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line px-2 py-1">
        <span className="tabular whitespace-nowrap text-ui" role="status">
          {narrowed && store.filtered !== null ? `${count(store.filtered)} of ${count(all ?? 0)} rows` : all === null ? "" : `${count(all)} rows`}
          <span className="text-muted"> × {count(store.columnsTotal || given.length)} columns{store.columnsTotal > columns.length && columns.length > 0 ? ` (the first ${columns.length} are shown)` : ""}</span>
        </span>
        {asked.filters.map((condition, index) => {
          const column = columns.find((one) => one.index === condition.column);
          const words = wordsOf(condition, column?.name ?? "", column?.family ?? "other");
          return (
            <span key={index} className="inline-flex max-w-60 items-center gap-1 rounded-control bg-accent-soft px-1.5 text-[12px]">
              <span className="truncate">{words}</span>
              <button type="button" aria-label={`Remove the condition ${words}`} onClick={() => setRows({ ...rows, filters: rows.filters.filter((_, at) => at !== index) })}>
                <X size={12} aria-hidden="true" />
              </button>
            </span>
          );
        })}
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
        <Grid store={store} columns={columns} hidden={hidden} rows={rows} onRows={setRows} profiles={profiles} onVisibleColumns={onVisible} onCell={(row, column, value, cut) => setCell({ row, column, value, cut })} label={`Rows of ${target.block}`} />
      </div>
      {cell && <CellDialog target={target} cell={cell} onClose={() => setCell(null)} />}
    </div>
  );
}

interface OpenCell {
  row: number;
  column: GridColumn;
  value: Cell;
  cut: number | undefined;
}

/** One cell in full, also where the grid has only its beginning. */
function CellDialog({ target, cell, onClose }: { target: OutputRef; cell: OpenCell; onClose: () => void }) {
  const full = useCell(target, cell.row, cell.column.index, cell.cut !== undefined);
  const value = full.data ? full.data.text : cell.value;
  return (
    <Dialog open onOpenChange={onClose} title={cell.column.name} description={`${cell.column.type} · row ${count(cell.row)}${cell.cut ? ` · ${count(cell.cut)} characters` : ""}`} wide footer={<Button onClick={() => void navigator.clipboard.writeText(value === null ? "" : String(value)).then(() => toast("Copied.", { seconds: 2 }))}>Copy</Button>}>
      {full.isFetching && <Spinner label="Reading the whole cell" />}
      {full.error && <ErrorCard error={full.error} />}
      <pre className="whitespace-pre-wrap break-words font-mono text-code">{pretty(value)}</pre>
    </Dialog>
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
  return typeof value === "number" ? String(value) : textOf(value);
}

function ColumnList({ columns, hidden, onHidden }: { columns: GridColumn[]; hidden: ReadonlySet<number>; onHidden: (hidden: ReadonlySet<number>) => void }) {
  const [text, setText] = useState("");
  const found = columns.filter((column) => column.name.toLowerCase().includes(text.toLowerCase()));
  return (
    <div className="flex w-60 flex-col gap-2">
      <Input value={text} onChange={(event) => setText(event.target.value)} placeholder="Find a column" aria-label="Find a column" />
      <div className="flex gap-2">
        <Button onClick={() => onHidden(new Set())}>Show all</Button>
        <Button onClick={() => onHidden(new Set(columns.map((column) => column.index)))}>Hide all</Button>
      </div>
      <ul className="max-h-72 overflow-y-auto">
        {found.slice(0, 300).map((column) => (
          <li key={column.index}>
            <label className="flex items-center gap-2 rounded-control px-1 py-0.5 hover:bg-s2">
              <input
                type="checkbox"
                checked={!hidden.has(column.index)}
                onChange={() => {
                  const next = new Set(hidden);
                  if (!next.delete(column.index)) next.add(column.index);
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
