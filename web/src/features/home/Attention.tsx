import { Link } from "@tanstack/react-router";
import { CheckCircle2 } from "lucide-react";
import { useState } from "react";
import type { TriggerSummary } from "../../api/orchestration";
import type { RunSummary } from "../../api/types";
import { ago, capital, count, dateTime, seconds } from "../../app/format";
import { Button } from "../../ui/Button";
import { Badge, StatusBadge } from "../../ui/status";
import { MuteButton } from "../alerts/MuteButton";
import type { Attention, SchedulerHealth } from "./queries";
import { useRunActions } from "../runs/actions";
import { LINE, Section } from "./Section";

const FIRST = 6;

/** What is broken now, each with its reason, one press from the place where it is mended. */
export function NeedsAttention({ items: found, triggers = [], late = [], scheduler = null }: { items: Attention[]; triggers?: readonly TriggerSummary[]; late?: readonly RunSummary[]; scheduler?: SchedulerHealth | null }) {
  const [all, setAll] = useState(false);
  const muted = found.filter((item) => item.muted_until !== null);
  const items = found.filter((item) => item.muted_until === null);
  const total = items.length + triggers.length + late.length + (scheduler ? 1 : 0);
  if (total === 0) {
    return (
      <Section title="Needs attention">
        <p className="flex items-center gap-2 px-3 py-2 text-muted">
          <CheckCircle2 size={15} className="flex-none text-ok" aria-hidden="true" />
          {muted.length > 0 ? "Nothing but what is muted." : "Nothing: no pipeline’s last run failed, nothing is late, and the project, its triggers and its pipelines can be read."}
        </p>
        <Muted items={muted} />
      </Section>
    );
  }
  return (
    <Section title={`Needs attention (${count(total)})`}>
      {scheduler && (
        <div className={LINE}>
          <span className="w-20 flex-none sm:w-24"><Badge tone="failed">stands still</Badge></span>
          <span className="min-w-0 flex-1">
            <span className="block font-medium">{scheduler.status === "off" ? "No scheduler is running: what is due is not started" : `The scheduler has not moved${scheduler.seconds === null ? "" : ` for ${seconds(scheduler.seconds)}`}: what is due waits`}</span>
            <span className="block text-muted">{scheduler.status === "off" ? "Start one: penstock start, or penstock start --instance-type scheduler." : "The server’s log says why. It goes on with everything that waits as soon as it can."}</span>
          </span>
        </div>
      )}
      {late.map((run) => (
        <Link key={run.run} to="/runs/$run" params={{ run: run.run }} className={LINE}>
          <span className="w-20 flex-none sm:w-24"><Badge tone="stale">late</Badge></span>
          <span className="min-w-0 flex-1 truncate"><span className="font-medium">{run.pipeline}</span> {run.waiting?.text || `was expected to be done by now; ${run.blocks_done} of ${run.blocks_total} blocks are`}</span>
        </Link>
      ))}
      {triggers.map((trigger) => (
        <Link key={trigger.id} to="/triggers/$trigger" params={{ trigger: String(trigger.id) }} className={LINE}>
          <span className="w-20 flex-none sm:w-24"><Badge tone="failed">cannot start</Badge></span>
          <span className="min-w-0 flex-1"><span className="block truncate font-medium">{trigger.name} <span className="font-normal text-muted">{trigger.pipeline}</span></span><span className="block truncate" title={trigger.problem}>{trigger.problem}</span></span>
        </Link>
      ))}
      {(all ? items : items.slice(0, FIRST)).map((item) => <Item key={`${item.kind} ${item.pipeline}`} item={item} />)}
      {!all && items.length > FIRST && (
        <div className="p-1"><Button look="quiet" onClick={() => setAll(true)}>Show all {count(items.length)}</Button></div>
      )}
      <Muted items={muted} />
    </Section>
  );
}

/** Set aside until a time, and to be had back. */
function Muted({ items }: { items: Attention[] }) {
  if (items.length === 0) return null;
  return (
    <details>
      <summary className="cursor-pointer px-3 py-1.5 text-muted hover:bg-s1">{count(items.length)} muted</summary>
      {items.map((item) => <Item key={`${item.kind} ${item.pipeline}`} item={item} />)}
    </details>
  );
}

/** A run that was cut off goes on: what is done stays. */
function RunTheRest({ run, pipeline }: { run: string; pipeline: string }) {
  const { retryIncomplete } = useRunActions(run);
  return <Button busy={retryIncomplete.isPending} title="What is done stays" aria-label={`Run the rest of ${pipeline}`} onClick={() => retryIncomplete.mutate()}>Run the rest</Button>;
}

function whereToMend(item: Attention) {
  if (item.file) return { to: "/files", search: { path: item.file } } as const;
  return { to: "/pipelines/$pipeline", params: { pipeline: item.pipeline }, search: item.block ? { block: item.block, tab: "data" as const } : {} } as const;
}

function Item({ item }: { item: Attention }) {
  return (
    <div className={LINE}>
      <span className="w-20 flex-none sm:w-24">{item.kind === "unreadable" ? <Badge tone="failed">unreadable</Badge> : <StatusBadge state={item.kind === "interrupted_run" ? "interrupted" : "failed"} plain />}</span>
      <Link {...whereToMend(item)} className="min-w-0 flex-1">
        <span className="block truncate font-medium">{item.pipeline || "The project"}{(item.block || item.file) && <span className="font-normal text-muted"> {item.block ?? item.file}</span>}</span>
        <span className="block truncate" title={item.message}>{capital(item.message)}</span>
      </Link>
      {item.run && <Link to="/runs/$run" params={{ run: item.run }} search={item.block ? { block: item.block } : {}} className="flex-none text-accent hover:underline" aria-label={`Why ${item.pipeline} failed`}>Why</Link>}
      {item.run && item.kind === "interrupted_run" && <RunTheRest run={item.run} pipeline={item.pipeline} />}
      <span className="hidden w-20 flex-none text-right text-[12px] text-muted sm:block" title={dateTime(item.at)}>{ago(item.at)}</span>
      {item.pipeline && <span className="hidden sm:block"><MuteButton pipeline={item.pipeline} block={item.block} /></span>}
    </div>
  );
}
