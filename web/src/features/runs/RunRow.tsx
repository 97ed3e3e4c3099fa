import { Link } from "@tanstack/react-router";
import { Clock } from "lucide-react";
import { memo, type MouseEvent } from "react";
import type { RunSummary } from "../../api/types";
import { ago, dateTime, seconds } from "../../app/format";
import { cx } from "../../ui/cx";
import { Progress } from "../../ui/feedback";
import { Badge, StatusBadge } from "../../ui/status";
import { short } from "../triggers/TriggerRow";
import { forWhen, startedWords } from "./filters";

/** Of the head and of every row; a phone has who started it and when below the others. */
export const COLUMNS = "grid grid-cols-[88px_minmax(0,1fr)_auto] items-center gap-3 px-4 sm:grid-cols-[20px_104px_minmax(160px,1.3fr)_minmax(120px,0.8fr)_150px_90px]";

interface Props {
  run: RunSummary;
  index: number;
  marked: boolean;
  zone: "local" | "utc";
  onMark: (run: string, event: MouseEvent) => void;
}

export const RunRow = memo(function RunRow({ run, index, marked, zone, onMark }: Props) {
  const started = run.started > 0 ? run.started : null;
  const meant = forWhen(run);
  const waits = run.waiting?.text ?? "";
  const failed = Boolean(run.error) && !(waits && run.state === "initial");
  const said = failed ? `${run.failed_block ? `${run.failed_block}: ` : ""}${run.error}` : run.state === "initial" || run.state === "running" ? waits : "";
  return (
    <div role="row" aria-rowindex={index + 2} aria-selected={marked} className={`${COLUMNS} h-full border-b border-s2 hover:bg-s1 has-[[data-row]:focus-visible]:bg-s1 ${marked ? "bg-accent-soft" : ""}`}>
      <span role="cell" className="hidden items-center sm:flex"><input type="checkbox" aria-label={`Mark the run of ${run.pipeline} ${run.run}`} tabIndex={-1} checked={marked} onClick={(event) => onMark(run.run, event)} onChange={() => undefined} /></span>
      <span role="cell"><StatusBadge state={run.state} plain /></span>
      <span role="cell" className="min-w-0">
        <Link to="/runs/$run" params={{ run: run.run }} data-row={index} className="block min-w-0">
          <span className="flex items-center gap-1.5"><span className="truncate font-medium">{run.pipeline}</span>{run.sla_missed && <Badge tone="stale" title="It was expected to be done earlier.">late</Badge>}</span>
          <span className="flex min-w-0 items-center gap-1 text-[12px] text-muted">
            <span className={cx("truncate sm:hidden", said && "max-w-[55%] flex-none")}>{startedWords(run)}</span>
            {said && (
              <>
                {run.state === "initial" && <Clock size={11} aria-hidden="true" className="flex-none" />}
                <span className={cx("truncate", failed && "text-failed")} title={said}>{said}</span>
              </>
            )}
          </span>
        </Link>
      </span>
      <span role="cell" className="hidden min-w-0 sm:block">
        <span className="block truncate">{startedWords(run)} {!run.trigger && run.what !== "all" && <span className="text-meta text-muted">{run.what}</span>}</span>
        {run.state === "running" ? <span className="block py-1"><Progress value={run.blocks_total ? run.blocks_done / run.blocks_total : 0} label={`${run.blocks_done} of ${run.blocks_total} blocks`} /></span> : meant !== null && <span className="block truncate text-meta text-muted" title={`The time that the run is for: ${dateTime(meant, zone)}`}>for {short(meant, zone)}</span>}
      </span>
      <span role="cell" className="hidden truncate text-[12px] text-muted sm:block" title={started ? dateTime(started, zone) : undefined}>{started ? ago(started) : ""}</span>
      <span role="cell" className="tabular text-right text-[12px] sm:text-left">
        {run.seconds === null ? "" : seconds(run.seconds)}
        <span className="block text-muted sm:hidden">{started ? ago(started) : ""}</span>
      </span>
    </div>
  );
});
