import { getRouteApi, Link } from "@tanstack/react-router";
import { ChevronLeft, Play, RotateCw, Square, Trash2 } from "lucide-react";
import { useState } from "react";
import type { BackfillSummary } from "../../api/orchestration";
import { useCommands } from "../../app/commands";
import { ago, count, dateTime, seconds } from "../../app/format";
import { useZone } from "../../app/preferences";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorCard, Progress, Spinner } from "../../ui/feedback";
import { StatusBadge } from "../../ui/status";
import { useRuns } from "../runs/queries";
import { over } from "./BackfillsPage";
import { progressOf } from "./draft";
import { useBackfill, useChangeBackfills } from "./queries";

const route = getRouteApi("/backfills/$backfill");

/** How far a backfill is, which of its runs failed, and what can be done about it. */
export function BackfillPage() {
  const id = Number(route.useParams().backfill);
  useZone();
  const { data, error, isPending } = useBackfill(id);
  if (isPending) return <div className="p-6"><Spinner label="Reading the backfill" /></div>;
  if (error) return <ErrorCard className="m-6" error={error} action={<Link to="/backfills" className="text-accent underline">All backfills</Link>} />;
  return <Backfill one={data} />;
}

const STATES = ["running", "initial", "to_come", "failed", "interrupted", "cancelled", "completed"];

/** Windows whose run is not there yet are counted as waiting. */
function countOf(one: BackfillSummary, state: string): number {
  return one.counts[state === "to_come" ? "waiting" : state] ?? 0;
}

function Backfill({ one }: { one: BackfillSummary }) {
  const { start, cancel, retry, remove } = useChangeBackfills();
  const [deleting, setDeleting] = useState(false);
  const { done, failed, share } = progressOf(one);
  const begun = one.started_at !== null;
  const open = begun && (one.state === "running" || one.state === "initial");
  useCommands([
    { id: "backfill.start", title: "Start the backfill", group: "Backfill", enabled: !begun, run: () => start.mutate(one.id) },
    { id: "backfill.cancel", title: "Cancel the backfill", group: "Backfill", keys: ["C"], enabled: open, run: () => cancel.mutate(one.id) },
    { id: "backfill.retry", title: "Retry the runs of the backfill that failed", group: "Backfill", keys: ["R"], enabled: failed > 0, run: () => retry.mutate(one.id) },
  ]);
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2">
        <Link to="/backfills" aria-label="All backfills" className="text-muted hover:text-fg"><ChevronLeft size={16} aria-hidden="true" /></Link>
        <h1 className="text-title font-semibold">{one.name}</h1>
        <StatusBadge state={begun ? one.state : "not_started"} />
        <Link to="/pipelines/$pipeline" params={{ pipeline: one.pipeline }} className="text-accent hover:underline">{one.pipeline}</Link>
        <span className="text-muted">{over(one)}</span>
        <span className="ml-auto flex gap-2">
          {!begun && <Button look="primary" icon={<Play size={13} fill="currentColor" aria-hidden="true" />} busy={start.isPending} onClick={() => start.mutate(one.id)}>Start</Button>}
          {open && <Button icon={<Square size={12} fill="currentColor" aria-hidden="true" />} busy={cancel.isPending} onClick={() => cancel.mutate(one.id)}>Cancel</Button>}
          {failed > 0 && <Button icon={<RotateCw size={13} aria-hidden="true" />} busy={retry.isPending} onClick={() => retry.mutate(one.id)}>Retry what failed</Button>}
          {!open && <Button look="danger" icon={<Trash2 size={13} aria-hidden="true" />} onClick={() => setDeleting(true)}>Delete</Button>}
        </span>
        {one.error && <p className="w-full text-failed">{one.error}</p>}
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto flex max-w-5xl flex-col gap-5 p-4 sm:p-6">
          <section aria-label="How far it is" className="flex flex-col gap-2">
            <Progress value={share} label={`${count(done)} of ${count(one.total)} runs done`} />
            <p className="flex flex-wrap gap-x-5 gap-y-1">
              <span className="tabular font-medium">{count(done)} of {count(one.total)} {one.total === 1 ? "run" : "runs"} done</span>
              {STATES.filter((state) => state !== "completed" && countOf(one, state) > 0).map((state) => <span key={state} className="tabular inline-flex items-center gap-1"><StatusBadge state={state} plain /> {count(countOf(one, state))}</span>)}
              {one.parallelism > 0 && <span className="text-muted">{count(one.parallelism)} at once</span>}
              {one.started_at !== null && <span className="text-muted" title={dateTime(one.started_at)}>{one.ended_at === null ? `started ${ago(one.started_at)}` : `took ${seconds(one.ended_at - one.started_at)}`}</span>}
            </p>
          </section>
          <Runs id={one.id} />
        </div>
      </div>
      {deleting && (
        <Dialog open onOpenChange={setDeleting} title={`Delete ${one.name}?`} footer={<><Button onClick={() => setDeleting(false)}>Keep it</Button><Button look="danger" busy={remove.isPending} onClick={() => remove.mutate({ id: one.id, name: one.name })}>Delete</Button></>}>
          <p>The backfill goes, and cannot be brought back. Its runs and what they put out stay.</p>
        </Dialog>
      )}
    </div>
  );
}

function Runs({ id }: { id: number }) {
  const { data, error, hasNextPage } = useRuns({ backfill: String(id) });
  const runs = data?.pages[0]?.runs ?? [];
  if (error) return <ErrorCard error={error} />;
  if (runs.length === 0) return null;
  return (
    <section>
      <div className="mb-1 flex items-baseline justify-between"><h2 className="text-[14px] font-semibold">Runs</h2><Link to="/runs" search={{ backfill: String(id) }} className="text-accent hover:underline">{hasNextPage ? "All of them" : "In the list of runs"}</Link></div>
      <ul className="overflow-hidden rounded-card border border-line">
        {runs.map((run) => (
          <li key={run.run} className="border-b border-s2 last:border-b-0">
            <Link to="/runs/$run" params={{ run: run.run }} className="flex items-center gap-3 px-3 py-1.5 hover:bg-s1">
              <span className="w-24 flex-none"><StatusBadge state={run.state} plain /></span>
              <span className="tabular flex-none">{run.execution_date == null ? run.what : dateTime(run.execution_date)}</span>
              <span className="min-w-0 flex-1 truncate text-[12px] text-muted">{run.error ? <span className="text-failed">{run.error}</span> : run.waiting?.text}</span>
              <span className="tabular flex-none text-[12px] text-muted">{run.seconds === null ? "" : seconds(run.seconds)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
