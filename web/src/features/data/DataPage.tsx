import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, ChevronRight, Database } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { ago, bytes, count, dateTime } from "../../app/format";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Input, Select } from "../../ui/fields";
import { Badge } from "../../ui/status";
import { foldChildren, type Line } from "./children";
import { UNPARTITIONED, useProducts, type ProductSummary } from "./queries";

const route = getRouteApi("/data");
const COLUMNS = "grid grid-cols-[minmax(220px,1.6fr)_minmax(140px,1fr)_80px_110px_80px_90px_110px] items-center gap-3 px-4";
const HOUR = 3600;
/** By the newest version: made within a time, or not for a time. */
const AGES: { key: string; label: string; fits: (seconds: number) => boolean }[] = [
  { key: "hour", label: "New within an hour", fits: (age) => age <= HOUR },
  { key: "day", label: "New within a day", fits: (age) => age <= 24 * HOUR },
  { key: "week", label: "New within a week", fits: (age) => age <= 7 * 24 * HOUR },
  { key: "older-day", label: "Older than a day", fits: (age) => age > 24 * HOUR },
  { key: "older-week", label: "Older than a week", fits: (age) => age > 7 * 24 * HOUR },
  { key: "older-month", label: "Older than a month", fits: (age) => age > 30 * 24 * HOUR },
];
type SortKey = "name" | "rows" | "bytes" | "at" | "versions";

/** Everything that blocks have put out and that is kept: each output with its size, versions and age. */
export function DataPage() {
  const { data, error, isPending } = useProducts();
  const filters = route.useSearch();
  const navigate = useNavigate({ from: "/data" });
  const [order, setOrder] = useState<{ key: SortKey; down: boolean }>({ key: "at", down: true });
  const all = data?.products ?? [];
  const pipelines = useMemo(() => [...new Set(all.map((one) => one.pipeline))].sort(), [all]);
  const kinds = useMemo(() => [...new Set(all.map((one) => one.kind))].sort(), [all]);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const found = useMemo(() => findProducts(all, filters), [all, filters]);
  const rows = useMemo(() => foldChildren(found, (some) => sortProducts(some, order.key, order.down), open), [found, order, open]);
  const toggle = (key: string) => setOpen((held) => (held.has(key) ? new Set([...held].filter((one) => one !== key)) : new Set([...held, key])));
  const set = (changes: typeof filters) => void navigate({ search: (held) => Object.fromEntries(Object.entries({ ...held, ...changes }).filter(([, value]) => value)), replace: true });
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => 44, overscan: 10 });
  if (error) return <ErrorCard className="m-6" error={error} />;
  if (!isPending && all.length === 0) {
    return (
      <EmptyState page icon={<Database size={36} aria-hidden="true" />} title="No data yet" action={<Link to="/pipelines" className="font-medium text-accent underline">Open a pipeline</Link>}>
        Whatever a block returns is kept as a version: run a pipeline, and its tables, values and charts are here.
      </EmptyState>
    );
  }
  const head = (key: SortKey, label: string, right = false) => (
    <button type="button" className={`flex items-center gap-1 ${right ? "justify-end" : ""}`} onClick={() => setOrder({ key, down: order.key === key ? !order.down : key !== "name" })}>
      {label}
      {order.key === key && (order.down ? <ArrowDown size={11} aria-label="descending" /> : <ArrowUp size={11} aria-label="ascending" />)}
    </button>
  );
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-2 px-4 py-3">
        <h1 className="mr-2 text-title font-semibold">Data</h1>
        <Input value={filters.q ?? ""} onChange={(event) => set({ q: event.target.value })} placeholder="Find by block or column" aria-label="Find data" className="!w-60" />
        <Select aria-label="Pipeline" value={filters.pipeline ?? ""} onChange={(event) => set({ pipeline: event.target.value })} className="max-w-56">
          <option value="">Every pipeline</option>
          {pipelines.map((one) => <option key={one}>{one}</option>)}
        </Select>
        <Select aria-label="Kind" value={filters.kind ?? ""} onChange={(event) => set({ kind: event.target.value })}>
          <option value="">Any kind</option>
          {kinds.map((one) => <option key={one}>{one}</option>)}
        </Select>
        <Select aria-label="Age" value={filters.age ?? ""} onChange={(event) => set({ age: event.target.value })}>
          <option value="">Of any age</option>
          {AGES.map(({ key, label }) => <option key={key} value={key}>{label}</option>)}
        </Select>
        <span className="ml-auto tabular text-muted">{data ? `${count(found.length)} outputs, ${bytes(found.reduce((sum, one) => sum + one.bytes, 0))}` : ""}</span>
      </header>
      <div className={`${COLUMNS} flex-none border-b border-line py-1 text-meta font-semibold text-muted`}>
        {head("name", "Output of")}<span>Pipeline</span><span>Kind</span>{head("rows", "Rows", true)}{head("bytes", "Size", true)}{head("versions", "Versions", true)}{head("at", "Newest")}
      </div>
      <div ref={box} className="min-h-0 flex-1 overflow-y-auto">
        {isPending && <div className="p-6"><Spinner label="Reading the data" /></div>}
        {data && rows.length === 0 && <p className="p-6 text-muted">Nothing meets that. <button type="button" className="text-accent underline" onClick={() => void navigate({ search: {} })}>Show all</button></p>}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const one = rows[item.index];
            return one ? (
              <div key={item.key} className="absolute inset-x-0" style={{ transform: `translateY(${item.start}px)`, height: item.size }}><ProductRow line={one} open={open.has(one.key)} onToggle={() => toggle(one.key)} /></div>
            ) : null;
          })}
        </div>
      </div>
    </div>
  );
}

function ProductRow({ line: { product, children, child }, open, onToggle }: { line: Line; open: boolean; onToggle: () => void }) {
  const partition = product.partition === UNPARTITIONED ? undefined : product.partition;
  const row = `${COLUMNS} h-full w-full border-b border-s2 text-left hover:bg-s1`;
  const cells = (
    <>
      <span className={`flex min-w-0 items-center gap-1.5 ${child ? "pl-5" : ""}`}>
        {children > 0 && <ChevronRight size={14} aria-hidden="true" className={`flex-none text-muted ${open ? "rotate-90" : ""}`} />}
        <span className="min-w-0">
          <span className="flex items-center gap-2"><span className="truncate font-medium">{product.block}</span>{children > 0 && <Badge>{count(children)} children</Badge>}{partition && <Badge>{partition}</Badge>}{!product.good && <Badge tone="failed">tests failed</Badge>}</span>
          <span className={`block truncate text-[12px] ${product.error ? "text-failed" : "text-muted"}`}>{product.error ?? (product.outputs[0]?.columns.map((column) => column.name).join(", ") || "")}</span>
        </span>
      </span>
      <span className="truncate text-muted">{product.pipeline}</span>
      <span className="text-muted">{product.kind}</span>
      <span className="tabular text-right">{product.rows === null ? "" : count(product.rows)}</span>
      <span className="tabular text-right text-muted">{bytes(product.bytes)}</span>
      <span className="tabular text-right text-muted">{count(product.versions)}</span>
      <span className="truncate text-[12px] text-muted" title={dateTime(product.at)}>{ago(product.at)}</span>
    </>
  );
  if (children > 0) return <button type="button" aria-expanded={open} className={row} onClick={onToggle}>{cells}</button>;
  return <Link to="/data/$pipeline/$block" params={{ pipeline: product.pipeline, block: product.block }} search={partition ? { partition } : {}} className={row}>{cells}</Link>;
}

export function findProducts(products: readonly ProductSummary[], filters: { q?: string; pipeline?: string; kind?: string; age?: string }, now = Date.now() / 1000): ProductSummary[] {
  const words = (filters.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const age = AGES.find((one) => one.key === filters.age);
  return products.filter((one) => {
    if (age && !age.fits(now - one.at)) return false;
    if (filters.pipeline && one.pipeline !== filters.pipeline) return false;
    if (filters.kind && one.kind !== filters.kind) return false;
    if (words.length === 0) return true;
    const text = `${one.block} ${one.pipeline} ${one.outputs.flatMap((output) => output.columns.map((column) => column.name)).join(" ")}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function sortProducts(products: readonly ProductSummary[], key: SortKey, down: boolean): ProductSummary[] {
  const value = (one: ProductSummary) => (key === "name" ? one.block : (one[key] ?? -1));
  return [...products].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    const order = a < b ? -1 : a > b ? 1 : one.block.localeCompare(other.block);
    return down ? -order : order;
  });
}
