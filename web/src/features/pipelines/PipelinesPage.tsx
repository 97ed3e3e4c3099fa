import { useVirtualizer } from "@tanstack/react-virtual";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { AlertTriangle, ArrowDown, ArrowUp, MoreHorizontal, Workflow } from "lucide-react";
import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import { apiUrl, segment } from "../../api/client";
import type { PipelineSummary } from "../../api/types";
import { ago, count, dateTime } from "../../app/format";
import { useCommands } from "../../app/commands";
import { IconButton } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Input, Select } from "../../ui/fields";
import { Menu } from "../../ui/Menu";
import { Badge, StatusBadge } from "../../ui/status";
import { EditDialog, type Editing } from "./EditDialogs";
import { chosen, grouped, sorted, stateOf, type Filters, type SortKey } from "./list";
import { NewPipelineButton } from "./NewPipelineButton";
import { RunBars } from "./RunBars";
import { useChangePipeline, useCreatePipeline, usePipelines } from "./queries";

const route = getRouteApi("/pipelines");
const COLUMNS = "grid grid-cols-[minmax(220px,2fr)_110px_140px_minmax(120px,1fr)_70px_110px_32px] items-center gap-3 px-4";

/** Every pipeline: how it goes, found and grouped as one likes. */
export function PipelinesPage() {
  const { data, error, isPending } = usePipelines();
  const filters = route.useSearch();
  const navigate = useNavigate({ from: "/pipelines" });
  const [order, setOrder] = useState<{ key: SortKey; down: boolean }>({ key: "name", down: false });
  const [editing, setEditing] = useState<Editing | null>(null);
  const create = useCreatePipeline();
  useCommands([{ id: "new-pipeline", title: "New pipeline", group: "Pipelines", keys: ["N"], run: () => create.mutate({}) }]);
  const set = (changes: Filters) => void navigate({ search: (held) => clean({ ...held, ...changes }), replace: true });
  const all = data?.pipelines ?? [];
  const rows = useMemo(() => grouped(sorted(chosen(all, filters), order.key, order.down), filters.group), [all, filters, order]);
  const tags = useMemo(() => [...new Set(all.flatMap((one) => one.tags))].sort(), [all]);
  const types = useMemo(() => [...new Set(all.map((one) => one.type))].sort(), [all]);

  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: (index) => ("heading" in (rows[index] ?? {}) ? 32 : 44), overscan: 12 });
  if (error) return <ErrorCard className="m-6" error={error} />;
  if (!isPending && all.length === 0) {
    return (
      <EmptyState icon={<Workflow size={36} aria-hidden="true" />} title="No pipelines yet" action={<NewPipelineButton />}>
        A pipeline is a few blocks of Python or SQL, each a file of its own, that hand tables to each other.
      </EmptyState>
    );
  }
  const head = (key: SortKey, label: string) => (
    <button type="button" className="flex items-center gap-1 text-left" onClick={() => setOrder({ key, down: order.key === key ? !order.down : key !== "name" })}>
      {label}
      {order.key === key && (order.down ? <ArrowDown size={11} aria-label="descending" /> : <ArrowUp size={11} aria-label="ascending" />)}
    </button>
  );
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-2 px-4 py-3">
        <h1 className="mr-2 text-title font-semibold">Pipelines</h1>
        <Input value={filters.q ?? ""} onChange={(event) => set({ q: event.target.value })} placeholder="Find by name, tag or description" aria-label="Find pipelines" className="!w-64" />
        <Select aria-label="State" value={filters.state ?? ""} onChange={(event) => set({ state: event.target.value })}>
          <option value="">Any state</option>
          {["running", "completed", "failed", "interrupted", "never", "unreadable"].map((state) => <option key={state} value={state}>{state === "completed" ? "done" : state === "never" ? "not run yet" : state}</option>)}
        </Select>
        {tags.length > 0 && (
          <Select aria-label="Tag" value={filters.tag ?? ""} onChange={(event) => set({ tag: event.target.value })}>
            <option value="">Any tag</option>
            {tags.map((tag) => <option key={tag}>{tag}</option>)}
          </Select>
        )}
        {types.length > 1 && (
          <Select aria-label="Type" value={filters.type ?? ""} onChange={(event) => set({ type: event.target.value })}>
            <option value="">Any type</option>
            {types.map((type) => <option key={type}>{type}</option>)}
          </Select>
        )}
        <Select aria-label="Group by" value={filters.group ?? ""} onChange={(event) => set({ group: event.target.value })}>
          <option value="">No groups</option>
          {["folder", "tag", "type", "state"].map((by) => <option key={by} value={by}>by {by}</option>)}
        </Select>
        <span className="ml-auto flex items-center gap-3">
          <span className="tabular text-muted">{data ? count(rows.filter((row) => "pipeline" in row).length) : ""}</span>
          <NewPipelineButton />
        </span>
      </header>
      <div className={`${COLUMNS} flex-none border-b border-line py-1 text-meta font-semibold text-muted`}>
        {head("name", "Name")}
        <span>Last run</span>
        {head("run", "Runs")}
        <span>Tags</span>
        {head("blocks", "Blocks")}
        {head("updated", "Edited")}
        <span className="sr-only">Actions</span>
      </div>
      <div ref={box} className="min-h-0 flex-1 overflow-y-auto" onKeyDown={moveFocus}>
        {isPending && <div className="p-6"><Spinner label="Reading the pipelines" /></div>}
        {data && rows.length === 0 && <p className="p-6 text-muted">No pipeline meets that. <button type="button" className="text-accent underline" onClick={() => void navigate({ search: {} })}>Show all</button></p>}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <div key={item.key} className="absolute inset-x-0" style={{ transform: `translateY(${item.start}px)`, height: item.size }}>
                {"heading" in row ? (
                  <h2 className="flex h-full items-end gap-2 px-4 pb-1 text-[12px] font-semibold">{row.heading} <span className="font-normal text-muted">{row.count}</span></h2>
                ) : (
                  <PipelineRow pipeline={row.pipeline} onEdit={(what) => setEditing({ what, pipeline: row.pipeline })} />
                )}
              </div>
            );
          })}
        </div>
      </div>
      {editing && <EditDialog editing={editing} onClose={() => setEditing(null)} />}
    </div>
  );
}

function PipelineRow({ pipeline, onEdit }: { pipeline: PipelineSummary; onEdit: (what: Editing["what"]) => void }) {
  const { remove } = useChangePipeline();
  const last = pipeline.runs.at(-1);
  const download = (keep: boolean) => window.location.assign(apiUrl(`/pipelines/${segment(pipeline.uuid)}/export`, { keep_folders: keep ? 1 : 0 }));
  return (
    <div className={`${COLUMNS} h-full border-b border-s2 hover:bg-s1`}>
      <Link to="/pipelines/$pipeline" params={{ pipeline: pipeline.uuid }} data-row className="min-w-0">
        <span className="block truncate font-medium">{pipeline.name}{pipeline.uuid.includes("/") && <span className="font-normal text-muted"> {pipeline.uuid}</span>}</span>
        {pipeline.error ? (
          <span className="flex items-center gap-1 truncate text-[12px] text-failed" title={pipeline.error}><AlertTriangle size={12} aria-hidden="true" className="flex-none" />{pipeline.error}</span>
        ) : (
          <span className="block truncate text-[12px] text-muted" title={pipeline.description}>{pipeline.description || (pipeline.type === "python" ? "" : pipeline.type)}</span>
        )}
      </Link>
      <span title={last ? dateTime(last.started) : undefined}>{stateOf(pipeline) === "unreadable" ? <Badge tone="failed">unreadable</Badge> : <StatusBadge state={stateOf(pipeline)} plain />}</span>
      <Link to="/runs" search={{ pipeline: pipeline.uuid }} aria-label={`Runs of ${pipeline.name}`}><RunBars runs={pipeline.runs} /></Link>
      <span className="flex gap-1 overflow-hidden">{pipeline.tags.slice(0, 4).map((tag) => <Badge key={tag}>{tag}</Badge>)}</span>
      <span className="tabular">{count(pipeline.blocks)}</span>
      <span className="truncate text-[12px] text-muted" title={dateTime(pipeline.updated_at)}>{ago(pipeline.updated_at)}</span>
      <Menu
        align="end"
        items={[
          { label: "Rename", onSelect: () => onEdit("rename") },
          { label: "Description and tags", onSelect: () => onEdit("describe") },
          { label: "Clone", onSelect: () => onEdit("clone") },
          { label: "Move to a folder", onSelect: () => onEdit("move") },
          { separator: true },
          { label: "Download as zip", onSelect: () => download(true) },
          { label: "Download as zip, without folders", onSelect: () => download(false) },
          { separator: true },
          { label: "Delete", danger: true, onSelect: () => remove.mutate(pipeline.uuid) },
        ]}
      >
        <IconButton label={`Actions for ${pipeline.name}`}><MoreHorizontal size={15} aria-hidden="true" /></IconButton>
      </Menu>
    </div>
  );
}

/** Arrow keys go from row to row. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row]")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = links[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) {
    next.focus();
    event.preventDefault();
  }
}

function clean(filters: Filters): Filters {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value)) as Filters;
}
