import { Link } from "@tanstack/react-router";
import { ChevronDown, ChevronLeft, CircleHelp, RotateCw, Square } from "lucide-react";
import { useState } from "react";
import type { Explanation } from "../../api/orchestration";
import type { RunDetail, RunRelative } from "../../api/types";
import { useCommands } from "../../app/commands";
import { ago, capital, dateTime, seconds } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Menu, type MenuItem } from "../../ui/Menu";
import { Badge, StatusBadge } from "../../ui/status";
import { short } from "../triggers/TriggerRow";
import { useExplained } from "../triggers/queries";
import { useRunActions } from "./actions";
import { forWhen, ORIGINS, whatWords } from "./filters";
import { NextAttempts } from "./NextAttempt";
import { lastFilters } from "./place";

/** What run this is, how it stands, and what can be done with it. */
export function RunHeader({ run, selected }: { run: RunDetail; selected: string | null }) {
  const zone = usePreferences((held) => held.zone);
  const [deleting, setDeleting] = useState(false);
  const act = useRunActions(run.run);
  const open = run.state === "running" || run.state === "initial";
  const incomplete = !open && run.state !== "completed";
  // One that was cut off, with the process that drove it, did nothing wrong: it only has to go on.
  const rest = run.state === "interrupted" ? "Run the rest" : "Retry what is incomplete";
  useCommands([
    { id: "run.cancel", title: "Cancel this run", group: "Run", keys: ["C"], enabled: open, run: () => act.cancel.mutate() },
    { id: "run.retry", title: "Retry this run", group: "Run", keys: ["R"], enabled: !open, run: () => act.retry.mutate() },
    { id: "run.incomplete", title: run.state === "interrupted" ? "Run the rest of this run" : "Retry what this run did not complete", group: "Run", keys: ["I"], enabled: incomplete, run: () => act.retryIncomplete.mutate() },
    { id: "run.from", title: `Retry this run from ${selected ?? "a block"}`, group: "Run", keys: ["F"], enabled: !open && selected !== null, run: () => selected && act.retryFrom.mutate(selected) },
    { id: "run.delete", title: "Delete this run", group: "Run", enabled: !open, run: () => setDeleting(true) },
  ]);
  const more: MenuItem[] = [
    { label: "Retry the whole run", hint: "As a new run with the same variables", keys: "R", onSelect: () => act.retry.mutate() },
    { label: rest, hint: "Goes on with this run; what is done stays", keys: "I", disabled: !incomplete, onSelect: () => act.retryIncomplete.mutate() },
    { label: `Retry from ${selected ?? "a block"}`, hint: "It and everything below it", keys: "F", disabled: selected === null, onSelect: () => selected && act.retryFrom.mutate(selected) },
    { separator: true },
    { label: "Delete the run", danger: true, onSelect: () => setDeleting(true) },
  ];
  return (
    <header className="flex flex-none flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2">
      <span className="flex min-w-0 max-w-full items-center gap-3">
        <Link to="/runs" search={lastFilters()} aria-label="All runs" className="flex-none text-muted hover:text-fg"><ChevronLeft size={16} aria-hidden="true" /></Link>
        <h1 className="min-w-0 truncate text-title font-semibold" title={run.pipeline}><Link to="/pipelines/$pipeline" params={{ pipeline: run.pipeline }} className="hover:underline">{run.pipeline}</Link></h1>
      </span>
      <StatusBadge state={run.state} />
      {run.sla_missed && <Badge tone="stale" title="It was expected to be done earlier.">late</Badge>}
      <Origin run={run} zone={zone} />
      {run.started > 0 && <span className="tabular text-muted" title={`${dateTime(run.started, zone)} (${run.run})`}>{short(run.started, zone)}</span>}
      {run.seconds !== null && <span className="tabular text-muted">{seconds(run.seconds)}</span>}
      {run.blocks_total > 0 && <span className="tabular text-muted">{run.blocks_done} of {run.blocks_total} blocks</span>}
      <span className="ml-auto flex">
        {open ? (
          <Button icon={<Square size={12} aria-hidden="true" fill="currentColor" />} busy={act.cancel.isPending} onClick={() => act.cancel.mutate()}>Cancel</Button>
        ) : (
          <>
            <Button className="!rounded-r-none" icon={<RotateCw size={13} aria-hidden="true" />} busy={act.busy} onClick={() => (incomplete ? act.retryIncomplete.mutate() : act.retry.mutate())}>{incomplete ? rest : "Run again"}</Button>
            <Menu align="end" items={more}><Button aria-label="More ways to retry" className="!rounded-l-none border-l-0 !px-1"><ChevronDown size={14} aria-hidden="true" /></Button></Menu>
          </>
        )}
      </span>
      {run.error && <p className="w-full truncate text-failed" title={run.error}>{run.failed_block ? `${run.failed_block}: ` : ""}{run.error}</p>}
      <AfterEnds run={run} />
      <NextAttempts run={run} />
      {open && <WhyNot path={`/runs/${encodeURIComponent(run.run)}`} waiting={run.waiting?.text} always={run.state === "initial"} />}
      {run.children.length > 0 && <Children runs={run.children} />}
      {deleting && (
        <Dialog open onOpenChange={setDeleting} title="Delete this run?" footer={<><Button onClick={() => setDeleting(false)}>Keep it</Button><Button look="danger" busy={act.remove.isPending} onClick={() => act.remove.mutate()}>Delete</Button></>}>
          <p>Its logs and its place in the lists go, and cannot be brought back. What its blocks put out stays.</p>
        </Dialog>
      )}
    </header>
  );
}

/** Callbacks that failed: no block is to blame for that, so the run may well be complete. */
function AfterEnds({ run }: { run: RunDetail }) {
  const blocks = run.blocks.filter((block) => block.callback_failures.length > 0);
  if (blocks.length === 0) return null;
  return (
    <p className="w-full text-stale">
      A callback failed after {blocks.slice(0, 5).map(({ block }, index) => <span key={block}>{index > 0 && ", "}<Link to="/runs/$run" params={{ run: run.run }} search={{ block, tab: "output" }} className="underline">{block}</Link></span>)}
      {blocks.length > 5 && ` and ${blocks.length - 5} more`}. How {blocks.length === 1 ? "it" : "they"} ended stands.
    </p>
  );
}

function Origin({ run, zone }: { run: RunDetail; zone: "local" | "utc" }) {
  const meant = forWhen(run);
  const words = ORIGINS[run.origin] ?? `from ${run.origin}`;
  return (
    <span className="text-muted">
      {run.trigger?.removed ? <>by <Link to="/runs" search={{ trigger: String(run.trigger.id) }} title="No file declares this trigger; its runs" className="text-accent underline">{run.trigger.name || "a removed trigger"}</Link></> : run.trigger ? <>by <Link to="/triggers/$trigger" params={{ trigger: String(run.trigger.id) }} className="text-accent underline">{run.trigger.name}</Link></> : run.backfill != null ? <>by <Link to="/backfills/$backfill" params={{ backfill: String(run.backfill) }} className="text-accent underline">backfill {run.backfill}</Link></> : <>{capital(whatWords(run.what))}, {words}</>}
      {run.parent && <>, asked for by <Link to="/runs/$run" params={{ run: run.parent.run }} search={run.parent.block ? { block: run.parent.block } : {}} className="text-accent underline">{run.parent.block || "a block"} of {run.parent.pipeline}</Link></>}
      {run.retry_of && <>, <Link to="/runs/$run" params={{ run: run.retry_of }} className="text-accent underline">a retry</Link></>}
      {meant !== null && <> for <span title={dateTime(meant)}>{short(meant, zone)}</span></>}
    </span>
  );
}

const SHOWN = 6;

/** The runs that blocks of this one have asked for. */
function Children({ runs }: { runs: RunRelative[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? runs : runs.slice(-SHOWN);
  return (
    <ul aria-label="Runs that its blocks have asked for" className="flex max-h-32 w-full flex-wrap gap-x-4 gap-y-1 overflow-y-auto">
      {shown.map((one) => (
        <li key={one.run} className="flex items-center gap-2">
          <span className="text-muted">{one.block || "a block"} asked for</span>
          <Link to="/runs/$run" params={{ run: one.run }} className="text-accent underline" title={one.run}>{one.pipeline}</Link>
          <StatusBadge state={one.state} />
          {one.seconds !== null && <span className="tabular text-muted">{seconds(one.seconds)}</span>}
        </li>
      ))}
      {shown.length < runs.length && <li><Button onClick={() => setAll(true)}>Show all {runs.length}</Button></li>}
    </ul>
  );
}

/** Why something is not running, in one sentence, and what would change it. */
export function WhyNot({ path, waiting, always = true }: { path: string; waiting?: string; always?: boolean }) {
  const wanted = always || Boolean(waiting);
  const { data } = useExplained(path, wanted);
  if (!wanted) return null;
  const said: Explanation | null = data ?? (waiting ? { text: waiting, details: [] } : null);
  if (!said?.text) return null;
  return (
    <div role="status" className="flex w-full gap-2 rounded-card border border-line bg-s1 px-3 py-2">
      <CircleHelp size={15} aria-hidden="true" className="mt-px flex-none text-muted" />
      <div className="min-w-0">
        <p className="font-medium">{capital(said.text)}</p>
        {said.details.map((one, index) => (
          <p key={index} className="text-muted">{one.text !== said.text && capital(one.text)}{one.since !== null && <span title={dateTime(one.since)}> (since {ago(one.since)})</span>}{one.change && <> <span className="text-fg">{one.change}</span></>}</p>
        ))}
      </div>
    </div>
  );
}
