import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, Workflow } from "lucide-react";
import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useCommands } from "../../app/commands";
import { count } from "../../app/format";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { EditDialog, type Editing } from "./EditDialogs";
import { BulkBar } from "./BulkBar";
import { FilterBar } from "./FilterBar";
import { chosen, grouped, nextSort, orderOf, sorted, type Filters, type Order, type SortKey } from "./list";
import { NewPipelineButton } from "./NewPipelineButton";
import { COLUMNS, PipelineRow } from "./PipelineRow";
import { useChangePipeline, useCreatePipeline, usePipelines } from "./queries";

const route = getRouteApi("/pipelines");
const ROW = 44;
const HEADING = 32;

/** Every pipeline: how it goes, found and grouped as one likes. */
export function PipelinesPage() {
  const { data, error, isPending } = usePipelines();
  const filters = route.useSearch();
  const navigate = useNavigate({ from: "/pipelines" });
  const [editing, setEditing] = useState<Editing | null>(null);
  const [marks, setMarks] = useState<ReadonlySet<string>>(new Set());
  const last = useRef<string | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const create = useCreatePipeline();
  const { remove } = useChangePipeline();
  useCommands([
    { id: "new-pipeline", title: "New pipeline", group: "Pipelines", keys: ["N"], enabled: !create.isPending, run: () => create.mutate({}) },
    { id: "find-pipeline", title: "Find a pipeline", group: "Pipelines", keys: ["/"], run: () => search.current?.focus() },
  ]);
  const set = (changes: Filters) => void navigate({ search: (held) => clean({ ...held, ...changes }), replace: true });
  const all = data?.pipelines ?? NONE;
  const order = orderOf(filters.sort);
  const rows = useMemo(() => grouped(sorted(chosen(all, filters), orderOf(filters.sort)), filters.group), [all, filters]);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: (index) => ("heading" in (rows[index] ?? {}) ? HEADING : ROW), overscan: 12 });

  if (error) return <ErrorCard className="m-6" error={error} />;
  if (!isPending && all.length === 0) {
    return (
      <EmptyState page icon={<Workflow size={36} aria-hidden="true" />} title="No pipelines yet" action={<NewPipelineButton />}>
        A pipeline is a few blocks of Python or SQL, each a file of its own, that hand tables to each other.
      </EmptyState>
    );
  }
  const focus = (index: number) => {
    virtual.scrollToIndex(index);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus());
  };
  const step = (from: number, by: 1 | -1) => {
    let index = from + by;
    while (rows[index] && "heading" in (rows[index] as object)) index += by;
    if (rows[index]) focus(index);
  };
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const at = (event.target as HTMLElement).closest<HTMLElement>("[data-row]")?.dataset.row;
    if (at === undefined) return;
    if (event.key === "ArrowDown") step(Number(at), 1);
    else if (event.key === "ArrowUp") step(Number(at), -1);
    else if (event.key === "Home") step(-1, 1);
    else if (event.key === "End") step(rows.length, -1);
    else return;
    event.preventDefault();
  };
  const shown = rows.flatMap((row) => ("pipeline" in row ? [row.pipeline] : []));
  const marked = shown.filter((one) => marks.has(one.uuid));
  const mark = (uuid: string, far: boolean) => {
    const uuids = shown.map((one) => one.uuid);
    const from = far && last.current !== null ? uuids.indexOf(last.current) : -1;
    const to = uuids.indexOf(uuid);
    last.current = uuid;
    setMarks((held) => {
      const next = new Set(held);
      if (from >= 0) for (const one of uuids.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(one);
      else if (!next.delete(uuid)) next.add(uuid);
      return next;
    });
  };
  const listed = rows.reduce((sum, row) => sum + ("pipeline" in row ? 1 : 0), 0);
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-2 px-4 py-3">
        <h1 className="mr-2 text-title font-semibold">Pipelines</h1>
        <FilterBar all={all} filters={filters} search={search} onChange={set} onDown={() => step(-1, 1)} />
        <span className="ml-auto flex items-center gap-3">
          <span role="status" className="tabular text-muted" title="Pipelines that are listed">{data ? count(listed) : ""}<span className="sr-only"> listed</span></span>
          <Link to="/templates" className="text-accent hover:underline">Templates</Link>
          <NewPipelineButton />
        </span>
      </header>
      {marked.length > 0 && <BulkBar marked={marked} onClear={() => setMarks(new Set())} />}
      <div role="table" aria-label="Pipelines" aria-rowcount={rows.length + 1} className="flex min-h-0 flex-1 flex-col">
        <div role="row" aria-rowindex={1} className={`${COLUMNS} flex-none border-b border-line py-1 text-meta font-semibold text-muted overflow-hidden [scrollbar-gutter:stable]`}>
          <span role="columnheader" className="flex">
            <input type="checkbox" aria-label="Mark all that are listed" checked={shown.length > 0 && marked.length === shown.length} onChange={(event) => setMarks(new Set(event.target.checked ? shown.map((one) => one.uuid) : []))} />
          </span>
          <Head by="name" order={order} onSort={set}>Name</Head>
          <Head by="run" order={order} onSort={set}>Last run</Head>
          <span role="columnheader" className="hidden md:block">Runs</span>
          <span role="columnheader" className="hidden md:block">Tags</span>
          <Head by="blocks" order={order} onSort={set} className="hidden justify-self-end md:flex">Blocks</Head>
          <Head by="updated" order={order} onSort={set} className="hidden md:flex">Edited</Head>
          <span role="columnheader"><span className="sr-only">Actions</span></span>
        </div>
        <div ref={box} role="rowgroup" className="min-h-0 flex-1 overflow-y-auto [scrollbar-gutter:stable]" onKeyDown={onKey}>
          {isPending && <div className="p-6"><Spinner label="Reading the pipelines" /></div>}
          {data && rows.length === 0 && (
            <EmptyState title="No pipeline meets that" action={<Button onClick={() => void navigate({ search: {} })}>Show all</Button>} />
          )}
          <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
            {virtual.getVirtualItems().map((item) => {
              const row = rows[item.index];
              if (!row) return null;
              return (
                <div key={item.key} role="presentation" className="absolute inset-x-0" style={{ transform: `translateY(${item.start}px)`, height: item.size }}>
                  {"heading" in row ? (
                    <div role="row" aria-rowindex={item.index + 2} className="flex h-full items-end px-4 pb-1">
                      <span role="cell" className="text-[12px] font-semibold">{row.heading} <span className="font-normal text-muted">{count(row.count)}</span></span>
                    </div>
                  ) : (
                    <PipelineRow index={item.index} pipeline={row.pipeline} onEdit={(what) => setEditing({ what, pipeline: row.pipeline })} onDelete={() => remove.mutate(row.pipeline.uuid)} marked={marks.has(row.pipeline.uuid)} onMark={(far) => mark(row.pipeline.uuid, far)} />
                  )}
                </div>
              );
            })}
          </div>
        </div>
      </div>
      {editing && <EditDialog editing={editing} onClose={() => setEditing(null)} />}
    </div>
  );
}

function Head({ by, order, onSort, children, className = "flex" }: { by: SortKey; order: Order; onSort: (changes: Filters) => void; children: string; className?: string }) {
  const own = order.key === by;
  const Arrow = order.down ? ArrowDown : ArrowUp;
  return (
    <span role="columnheader" aria-sort={own ? (order.down ? "descending" : "ascending") : undefined} className={className}>
      <button type="button" className="flex items-center gap-1 hover:text-fg" onClick={() => onSort({ sort: nextSort(order, by) })}>
        {children}
        {own && <Arrow size={11} aria-hidden="true" />}
      </button>
    </span>
  );
}

const NONE: never[] = [];

function clean(filters: Filters): Filters {
  const kept = Object.entries(filters).filter(([name, value]) => value && !(name === "sort" && value === "name"));
  return Object.fromEntries(kept) as Filters;
}
