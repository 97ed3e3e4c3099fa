import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { History, RotateCw, Square, Trash2 } from "lucide-react";
import { useCallback, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";
import type { RunSummary } from "../../api/types";
import { useFurther } from "../../api/useFurther";
import { useCommands, useKeyNotes } from "../../app/commands";
import { count } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { Dialog } from "../../ui/Dialog";
import { EmptyState, ErrorCard, Progress, Spinner } from "../../ui/feedback";
import { OF_RUNS, SubPages } from "../../ui/SubPages";
import { useBulk, type BulkAction } from "./bulk";
import { BulkOutcome } from "./BulkOutcome";
import { narrowed, type RunFilters } from "./filters";
import { useKeptPlace } from "./place";
import { HeatStrip } from "./HeatStrip";
import { useRuns } from "./queries";
import { RunFilterBar } from "./RunFilterBar";
import { COLUMNS, RunRow } from "./RunRow";
import { all, extended, kept, NONE, toggled } from "./selection";

const route = getRouteApi("/runs");
const ROW = 44;

/** Every run of this project, whatever started it, newest first; many can be marked and dealt with at once. */
export function RunsPage() {
  const filters = route.useSearch();
  const navigate = useNavigate({ from: "/runs" });
  const query = useRuns(filters);
  const { data, error, isPending, isPlaceholderData, hasNextPage } = query;
  const zone = usePreferences((held) => held.zone);
  const bulk = useBulk();
  const [marks, setMarks] = useState(NONE);
  const [deleting, setDeleting] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const runs = useMemo(() => data?.pages.flatMap((page) => page.runs) ?? [], [data]);
  const order = useMemo(() => runs.map((run) => run.run), [runs]);
  const marked = kept(marks, order);
  const set = (changes: RunFilters) => void navigate({ search: (held) => Object.fromEntries(Object.entries({ ...held, ...changes }).filter(([, value]) => value)), replace: true });
  const virtual = useVirtualizer({ count: runs.length + (hasNextPage ? 1 : 0), getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 10 });
  useKeptPlace(box, filters, runs.length > 0);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useFurther(query, last >= runs.length - 1);
  const latest = useRef(order);
  latest.current = order;
  const mark = useCallback((run: string, event: MouseEvent) => setMarks((held) => (event.shiftKey ? extended(held, run, latest.current) : toggled(held, run))), []);
  const act = (action: BulkAction) => {
    setDeleting(false);
    if (marked.keys.size > 0 && !bulk.busy) bulk.run({ action, runs: order.filter((run) => marked.keys.has(run)) }, { onSuccess: () => setMarks(NONE) });
  };
  const any = marked.keys.size > 0;
  const chosen = runs.filter((run) => marked.keys.has(run.run));
  const open = chosen.filter(isOpen).length;
  const ended = chosen.length - open;
  const incomplete = chosen.some((run) => !isOpen(run) && run.state !== "completed");
  const none = !isPending && runs.length === 0 && !hasNextPage;
  const nothing = none && !narrowed(filters);
  useCommands([
    { id: "runs.find", title: "Find a run", group: "Runs", keys: ["/"], run: () => search.current?.focus() },
    { id: "runs.all", title: "Mark all runs that are listed", group: "Runs", keys: ["Mod+A"], inText: false, enabled: runs.length > 0, run: () => setMarks(all(order)) },
    { id: "runs.none", title: "Mark no run", group: "Runs", keys: ["Escape"], enabled: any, run: () => setMarks(NONE) },
    { id: "runs.retry", title: "Retry the marked runs", group: "Runs", keys: ["R"], enabled: ended > 0, run: () => act("retry") },
    { id: "runs.incomplete", title: "Retry what is incomplete in the marked runs", group: "Runs", keys: ["I"], enabled: incomplete, run: () => act("retry_incomplete") },
    { id: "runs.cancel", title: "Cancel the marked runs", group: "Runs", keys: ["C"], enabled: open > 0, run: () => act("cancel") },
    { id: "runs.delete", title: "Delete the marked runs", group: "Runs", keys: ["Delete"], enabled: ended > 0, run: () => setDeleting(true) },
  ]);
  useKeyNotes("Runs", [["The next run, the one before", "ArrowDown", "ArrowUp"], ["Mark the run, or not", "Space"], ["Mark up to the next, up to the one before", "Shift+ArrowDown", "Shift+ArrowUp"], ["In the hours: earlier, later", "ArrowLeft", "ArrowRight"], ["In the hours: only the runs of this one", "Enter"]]);
  const focus = (index: number) => {
    if (!runs[index]) return;
    virtual.scrollToIndex(index);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus());
  };
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-row]")?.dataset.row;
    const at = Number(row);
    if (row === undefined) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: runs.length - 1 }[event.key];
    const run = runs[at]?.run;
    if (to !== undefined) {
      const next = runs[to]?.run;
      if (event.shiftKey && run && next) setMarks((held) => extended(held.anchor === null ? toggled(held, run) : held, next, order));
      focus(to);
    } else if (event.key === " " && run) setMarks((held) => toggled(held, run));
    else return;
    event.preventDefault();
  };
  if (error) return <ErrorCard className="m-6" error={error} action={narrowed(filters) && <Button onClick={() => void navigate({ search: {} })}>Show all runs</Button>} />;
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-2 px-4 py-3">
        <h1 className="sr-only">Runs</h1>
        <SubPages label="Runs" pages={OF_RUNS} />
        <RunFilterBar filters={filters} search={search} onChange={set} onDown={() => focus(0)} />
      </header>
      {!nothing && <HeatStrip filters={filters} onChange={set} />}
      {bulk.outcome && <BulkOutcome outcome={bulk.outcome} onClose={bulk.forget} />}
      {any && (
        <div role="toolbar" aria-label="Marked runs" className="flex flex-none flex-wrap items-center gap-2 border-y border-line bg-s1 px-4 py-1.5">
          <span role="status" className="tabular font-medium">{bulk.progress ? `${count(bulk.progress.done)} of ${count(bulk.progress.total)}` : `${count(marked.keys.size)} marked`}</span>
          {bulk.progress && <span className="w-32"><Progress value={bulk.progress.done / bulk.progress.total} label={`${bulk.progress.done} of ${bulk.progress.total} runs`} /></span>}
          <Button icon={<RotateCw size={13} aria-hidden="true" />} busy={bulk.busy} disabled={ended === 0} onClick={() => act("retry")}>Retry</Button>
          <Button busy={bulk.busy} disabled={!incomplete} title="What is done in them stays" onClick={() => act("retry_incomplete")}>Retry what is incomplete</Button>
          <Button icon={<Square size={12} aria-hidden="true" fill="currentColor" />} busy={bulk.busy} disabled={open === 0} onClick={() => act("cancel")}>Cancel</Button>
          <Button look="danger" icon={<Trash2 size={13} aria-hidden="true" />} busy={bulk.busy} disabled={ended === 0} onClick={() => setDeleting(true)}>Delete</Button>
          <Button look="quiet" onClick={() => setMarks(NONE)}>Mark none</Button>
        </div>
      )}
      {none ? (
        narrowed(filters) ? <EmptyState title="No run meets that" action={<Button onClick={() => void navigate({ search: {} })}>Show all</Button>} /> : <NoRuns />
      ) : (
        <div role="table" aria-label="Runs" aria-busy={isPlaceholderData} aria-rowcount={hasNextPage ? -1 : runs.length + 1} className={cx("flex min-h-0 flex-1 flex-col", isPlaceholderData && "opacity-60")}>
          <div role="row" aria-rowindex={1} className={`${COLUMNS} flex-none overflow-hidden border-b border-line py-1 text-meta font-semibold text-muted [scrollbar-gutter:stable]`}>
            <span role="columnheader" className="hidden items-center sm:flex"><input type="checkbox" aria-label="Mark all runs that are listed" checked={any && marked.keys.size === runs.length} ref={(element) => { if (element) element.indeterminate = any && marked.keys.size < runs.length; }} onChange={() => setMarks(any ? NONE : all(order))} /></span>
            <span role="columnheader">State</span><span role="columnheader">Pipeline</span>
            <span role="columnheader" className="hidden sm:block">Started by</span><span role="columnheader" className="hidden sm:block">Started</span><span role="columnheader">Took</span>
          </div>
          <div ref={box} role="rowgroup" className="min-h-0 flex-1 overflow-y-auto [scrollbar-gutter:stable]" onKeyDown={onKey}>
            {isPending && <div className="p-6"><Spinner label="Reading the runs" /></div>}
            <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
              {items.map((item) => {
                const run = runs[item.index];
                return (
                  <div key={item.key} role="presentation" className="absolute inset-x-0" style={{ transform: `translateY(${item.start}px)`, height: item.size }}>
                    {run ? <RunRow run={run} index={item.index} marked={marked.keys.has(run.run)} zone={zone} onMark={mark} /> : <div role="row"><span role="cell" className="block px-4 py-2"><Spinner label={runs.length === 0 ? "Searching further back" : "Reading more"} /></span></div>}
                  </div>
                );
              })}
            </div>
          </div>
        </div>
      )}
      {deleting && (
        <Dialog open onOpenChange={setDeleting} title={`Delete ${marked.keys.size === 1 ? "this run" : `these ${count(marked.keys.size)} runs`}?`} footer={<><Button onClick={() => setDeleting(false)}>Keep them</Button><Button look="danger" onClick={() => act("delete")}>Delete</Button></>}>
          <p>Their logs and their place in the lists go, and cannot be brought back. What their blocks put out stays. Runs that are under way are left alone.</p>
        </Dialog>
      )}
    </div>
  );
}

function isOpen(run: RunSummary): boolean {
  return run.state === "running" || run.state === "initial";
}

function NoRuns() {
  return (
    <EmptyState icon={<History size={36} aria-hidden="true" />} title="Nothing has run yet" action={<Link to="/pipelines" className="font-medium text-accent underline">Open a pipeline</Link>}>
      Press “Run all” in a pipeline, make a <Link to="/triggers" className="text-accent underline">trigger</Link>, or use <code className="font-mono">penstock run</code>: every run is kept here, with its logs and what each block put out.
    </EmptyState>
  );
}
