import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { History, Square } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import type { RunSummary } from "../../api/types";
import { ago, dateTime, seconds } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { IconButton } from "../../ui/Button";
import { EmptyState, ErrorCard, Progress, Spinner } from "../../ui/feedback";
import { Input, Select } from "../../ui/fields";
import { StatusBadge } from "../../ui/status";
import { usePipelines } from "../pipelines/queries";
import { interruptRun, useRuns, type RunFilters } from "./queries";

const route = getRouteApi("/runs");
const COLUMNS = "grid grid-cols-[110px_minmax(0,1fr)_auto] sm:grid-cols-[110px_minmax(160px,1fr)_minmax(120px,0.6fr)_170px_90px_32px] items-center gap-3 px-4";

/** Every run of this project, from the studio and from the command line, newest first. */
export function RunsPage() {
  const filters = route.useSearch();
  const navigate = useNavigate({ from: "/runs" });
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage } = useRuns(filters);
  const pipelines = usePipelines();
  const zone = usePreferences((held) => held.zone);
  const runs = useMemo(() => data?.pages.flatMap((page) => page.runs) ?? [], [data]);
  const set = (changes: RunFilters) =>
    void navigate({ search: (held) => Object.fromEntries(Object.entries({ ...held, ...changes }).filter(([, value]) => value)), replace: true });
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: runs.length + (hasNextPage ? 1 : 0), getScrollElement: () => box.current, estimateSize: () => 44, overscan: 10 });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= runs.length - 1) void fetchNextPage();
  }, [last, runs.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const narrowed = Boolean(filters.pipeline || filters.state || filters.q);
  if (error) return <ErrorCard className="m-6" error={error} />;
  if (!isPending && runs.length === 0 && !narrowed) {
    return (
      <EmptyState icon={<History size={36} aria-hidden="true" />} title="Nothing has run yet" action={<Link to="/pipelines" className="font-medium text-accent underline">Open a pipeline</Link>}>
        Press “Run all” in a pipeline, or use <code className="font-mono">penstock run</code>: every run is kept here, with its logs and what each block put out.
      </EmptyState>
    );
  }
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-2 px-4 py-3">
        <h1 className="mr-2 text-title font-semibold">Runs</h1>
        <Input value={filters.q ?? ""} onChange={(event) => set({ q: event.target.value })} placeholder="Find in runs and errors" aria-label="Find runs" className="!w-56" />
        <Select aria-label="Pipeline" value={filters.pipeline ?? ""} onChange={(event) => set({ pipeline: event.target.value })} className="max-w-56">
          <option value="">Every pipeline</option>
          {(pipelines.data?.pipelines ?? []).map((one) => <option key={one.uuid} value={one.uuid}>{one.uuid}</option>)}
        </Select>
        <Select aria-label="State" value={filters.state ?? ""} onChange={(event) => set({ state: event.target.value })}>
          <option value="">Any state</option>
          {["running", "completed", "failed", "cancelled", "interrupted"].map((state) => <option key={state} value={state}>{state === "completed" ? "done" : state}</option>)}
        </Select>
      </header>
      <div className={`${COLUMNS} hidden flex-none border-b border-line py-1 text-meta font-semibold text-muted sm:grid`}>
        <span>State</span><span>Pipeline</span><span>What</span><span>Started</span><span>Took</span><span className="sr-only">Actions</span>
      </div>
      <div ref={box} className="min-h-0 flex-1 overflow-y-auto">
        {isPending && <div className="p-6"><Spinner label="Reading the runs" /></div>}
        {!isPending && runs.length === 0 && <p className="p-6 text-muted">No run meets that. <button type="button" className="text-accent underline" onClick={() => void navigate({ search: {} })}>Show all</button></p>}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const run = runs[item.index];
            return (
              <div key={item.key} className="absolute inset-x-0" style={{ transform: `translateY(${item.start}px)`, height: item.size }}>
                {run ? <RunRow run={run} zone={zone} /> : <div className="px-4 py-2"><Spinner label="Reading more" /></div>}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function RunRow({ run, zone }: { run: RunSummary; zone: "local" | "utc" }) {
  return (
    <div className={`${COLUMNS} h-full border-b border-s2 hover:bg-s1`}>
      <StatusBadge state={run.state} plain />
      <Link to="/runs/$run" params={{ run: run.run }} className="min-w-0">
        <span className="block truncate font-medium">{run.pipeline}</span>
        {run.error && <span className="block truncate text-[12px] text-failed" title={run.error}>{run.failed_block ? `${run.failed_block}: ` : ""}{run.error}</span>}
      </Link>
      <span className="hidden min-w-0 truncate text-muted sm:block">
        {run.state === "running" ? <Progress value={run.blocks_total ? run.blocks_done / run.blocks_total : 0} label={`${run.blocks_done} of ${run.blocks_total} blocks`} /> : <>{run.what} <span className="text-meta">{run.origin}</span></>}
      </span>
      <span className="hidden truncate text-[12px] text-muted sm:block" title={dateTime(run.started, zone)}>{ago(run.started)}</span>
      <span className="tabular text-[12px]">{run.seconds === null ? "" : seconds(run.seconds)}</span>
      <span className="hidden sm:block">{run.state === "running" && <IconButton label={`Interrupt the run of ${run.pipeline}`} onClick={() => interruptRun(run.run)}><Square size={12} aria-hidden="true" fill="currentColor" /></IconButton>}</span>
    </div>
  );
}
