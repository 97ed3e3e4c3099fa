import { useQuery } from "@tanstack/react-query";
import { Columns3, Download, RotateCcw, Search, X } from "lucide-react";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { projectQuery } from "../../api/queryClient";
import { count, counted } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorCard, Spinner } from "../../ui/feedback";
import { Input } from "../../ui/fields";
import { Menu } from "../../ui/Menu";
import { Popover } from "../../ui/Popover";
import { toast } from "../../ui/toasts";
import { textOf } from "./grid/CellView";
import { ColumnList } from "./grid/ColumnList";
import { Grid, gridColumns } from "./grid/Grid";
import { setLayout, useLayout } from "./grid/keptLayouts";
import type { Layout } from "./grid/layout";
import { pageFetcher, PageStore } from "./grid/pages";
import { ALL_ROWS, wordsOf, type Cell, type GridColumn, type PageColumn, type Rows } from "./grid/types";
import { shownTime } from "./grid/zones";
import { downloadUrl, outputQuery, productPath, useCell, useColumns, useProfiles, type OutputRef } from "./queries";

export interface TablePanelProps {
  target: OutputRef;
  columns: readonly { name: string; type: string; nulls: number | null; distinct: number | null }[];
  /** How many columns there are, where not all of them are given. */
  width?: number;
  total: number | null;
}

/** The server looks for a text in so many columns at most. */
const SEARCHED = 200;

/** A stored table with everything one does with it: look, sort, filter, search, copy, download. */
export function TablePanel({ target, columns: given, width = given.length, total }: TablePanelProps) {
  const key = JSON.stringify(target);
  const [rows, setRows] = useState<Rows>(ALL_ROWS);
  const [typed, setTyped] = useState("");
  const search = useDeferredValue(typed);
  const project = useQuery(projectQuery).data?.project_uuid ?? "";
  // The children of a block that runs for each item have the same columns, so they share an arrangement.
  const place = JSON.stringify([project, target.pipeline, target.block.replace(/:.*$/, ""), target.output]);
  const layout = useLayout(place);
  const onLayout = useCallback((next: Layout) => setLayout(place, next), [place]);
  const [listed, setListed] = useState(false);
  // Whether the list of columns was left for the grid.
  const gone = useRef(false);
  if (listed) gone.current = false;
  const [jump, setJump] = useState<{ column: string } | null>(null);
  const [visible, setVisible] = useState<readonly number[]>([]);
  const [cell, setCell] = useState<OpenCell | null>(null);
  const asked = useMemo(() => ({ ...rows, search }), [rows, search]);
  const seen = useRef(new Map<number, PageColumn>());
  const store = useMemo(
    () => new PageStore(pageFetcher(productPath(target), outputQuery(target), asked), width, seen.current),
    // By what the target says, not by which object says it; columns that were seen outlive it.
    [key, asked],
  );
  useEffect(() => {
    store.open();
    return () => store.close();
  }, [store]);
  const [, redraw] = useState(0);
  useEffect(() => {
    return store.subscribe(() => redraw((n) => n + 1)) as () => void;
  }, [store]);
  const known = useMemo(() => new Map(given.map((column) => [column.name, column])), [given]);
  const met = seen.current.size;
  const total_ = store.columnsTotal;
  const zone = usePreferences((held) => held.zone);
  const full = useColumns(target, total_ > met || width > met);
  const columns = useMemo(
    () => gridColumns(full ?? [...seen.current.values()].sort((one, other) => one.index - other.index), known, seen.current),
    // By how many were met: pages add to what has been seen, which is one map for ever.
    [full, met, known],
  );
  const profiles = useProfiles(target, asked, visible);
  const onVisible = useCallback((seen: number[]) => setVisible(seen), []);
  const narrowed = asked.filters.length > 0 || asked.search !== "";
  const all = store.total ?? total;
  const hiddenCount = columns.filter((column) => layout.hidden.has(column.key)).length;
  const searching = columns.length > SEARCHED ? `Find in the first ${SEARCHED} columns` : "Find in rows";

  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex min-h-9 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line px-2 py-1">
        <span className="tabular whitespace-nowrap text-ui" role="status">
          {narrowed && store.filtered !== null ? `${count(store.filtered)} of ${count(all ?? 0)} rows` : all === null ? "" : counted(all, "row")}
          <span className="text-muted"> × {count(columns.length || width)} columns{hiddenCount > 0 ? `, ${count(hiddenCount)} hidden` : ""}</span>
        </span>
        {asked.filters.map((condition, index) => {
          const column = columns.find((one) => one.index === condition.column);
          const words = wordsOf(condition, column?.name ?? "", column?.family ?? "other", (value) => (column?.zone ? shownTime(value, zone) : value));
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
            <Input value={typed} onChange={(event) => setTyped(event.target.value)} placeholder={searching} aria-label="Find in rows" title={searching} className="!w-40 !pl-7" />
          </div>
          <Popover
            label="Columns"
            align="end"
            open={listed}
            onOpenChange={setListed}
            onCloseAutoFocus={(event) => gone.current && event.preventDefault()}
            trigger={<IconButton label="Columns"><Columns3 size={14} aria-hidden="true" /></IconButton>}
          >
            <ColumnList columns={columns} layout={layout} onLayout={onLayout} onGo={(column) => { gone.current = true; setListed(false); setJump({ column }); }} />
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
        <Grid store={store} columns={columns} layout={layout} onLayout={onLayout} jump={jump} onColumns={() => setListed(true)} rows={rows} onRows={setRows} profiles={profiles} onVisibleColumns={onVisible} onCell={(row, column, value, cut) => setCell({ row, column, value, cut })} label={`Rows of ${target.block}`} />
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
  const zone = usePreferences((held) => held.zone);
  const value = full.data ? full.data.text : cell.value;
  const elsewhere = cell.column.zone && typeof value === "string" ? shownTime(value, zone) : "";
  return (
    <Dialog open onOpenChange={onClose} title={cell.column.name} description={`${cell.column.type} · row ${count(cell.row)}${cell.cut ? ` · ${count(cell.cut)} characters` : ""}`} wide footer={<Button onClick={() => void navigator.clipboard.writeText(value === null ? "" : String(value)).then(() => toast("Copied.", { seconds: 2 }))}>Copy</Button>}>
      {full.isFetching && <Spinner label="Reading the whole cell" />}
      {full.error && <ErrorCard error={full.error} />}
      <pre className="whitespace-pre-wrap break-words font-mono text-code">{pretty(value)}</pre>
      {elsewhere && elsewhere !== value && <p className="mt-2 text-muted">{zone === "utc" ? "In UTC" : "In local time"}: <span className="tabular">{elsewhere}</span></p>}
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
