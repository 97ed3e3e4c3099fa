import { Link } from "@tanstack/react-router";
import { CalendarClock } from "lucide-react";
import type { TriggerSummary } from "../../api/orchestration";
import type { RunSummary } from "../../api/types";
import { ago, count, dateTime } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { Progress } from "../../ui/feedback";
import { Badge, StatusBadge } from "../../ui/status";
import { startedWords } from "../runs/filters";
import { until } from "../triggers/list";
import { short } from "../triggers/TriggerRow";
import { MOST_OPEN } from "./queries";
import { LINE, Section } from "./Section";

const FIRST = 8;

/** What runs, and what waits with the reason. */
export function UnderWay({ runs }: { runs: readonly RunSummary[] }) {
  if (runs.length === 0) return null;
  const waiting = runs.filter((run) => run.state === "initial").length;
  return (
    <Section title={waiting > 0 ? `Running now (${count(runs.length - waiting)}), waiting (${count(waiting)})` : runs.length > FIRST ? `Running now (${count(runs.length)}${runs.length >= MOST_OPEN ? " or more" : ""})` : "Running now"} more={runs.length > FIRST && <Link to="/runs" search={{ state: "running" }} className="text-accent hover:underline">All of them</Link>}>
      {runs.slice(0, FIRST).map((run) => <OpenRun key={run.run} run={run} />)}
    </Section>
  );
}

function OpenRun({ run }: { run: RunSummary }) {
  const done = `${run.blocks_done} of ${run.blocks_total}`;
  return (
    <Link to="/runs/$run" params={{ run: run.run }} className={LINE}>
      <span className="w-20 flex-none sm:w-24"><StatusBadge state={run.state} plain /></span>
      <span className="min-w-0 flex-1 sm:truncate">
        <span className="block truncate font-medium sm:inline">{run.pipeline}</span>{" "}
        <span className="block truncate text-[12px] text-muted sm:inline">{run.waiting?.text || startedWords(run)}</span>
      </span>
      {run.sla_missed && <Badge tone="stale">late</Badge>}
      {run.state === "running" && <><span className="hidden w-40 sm:block"><Progress value={run.blocks_total ? run.blocks_done / run.blocks_total : 0} label={`${done} blocks`} /></span><span className="tabular flex-none text-[12px] text-muted">{done}</span></>}
      <span className="w-20 flex-none text-right text-[12px] text-muted" title={dateTime(run.started)}>{ago(run.started)}</span>
    </Link>
  );
}

/** What starts next by itself, in that order. */
export function NextRuns({ triggers }: { triggers: readonly TriggerSummary[] }) {
  const zone = usePreferences((held) => held.zone);
  if (triggers.length === 0) return null;
  return (
    <Section title="Next runs" more={<Link to="/calendar" className="text-accent hover:underline">Calendar</Link>}>
      {triggers.map((trigger) => (
        <Link key={trigger.id} to="/triggers/$trigger" params={{ trigger: String(trigger.id) }} className={LINE}>
          <CalendarClock size={14} className="flex-none text-muted" aria-hidden="true" />
          <span className="min-w-0 flex-1 truncate" title={trigger.words}>{trigger.pipeline} <span className="text-muted">{trigger.name}</span></span>
          <span className="tabular w-20 flex-none text-right text-[12px] text-muted" title={short(trigger.next ?? 0, zone)}>{until(trigger.next ?? 0)}</span>
        </Link>
      ))}
    </Section>
  );
}
