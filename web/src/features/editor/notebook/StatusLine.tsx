import { AlertTriangle } from "lucide-react";
import type { BlockStatus } from "../../../api/types";
import { counted, seconds, shortCount } from "../../../app/format";
import { StatusBadge } from "../../../ui/status";
import { Elapsed } from "./Elapsed";

/** The figure that says most about what a block put out. */
export function rowsOf(status: BlockStatus | undefined): number | null {
  return status?.outputs.find((output) => output.rows !== null)?.rows ?? null;
}

/** How a block stands: state in colour, icon and word, then time and rows. */
export function StatusLine({ status }: { status: BlockStatus }) {
  const busy = status.state === "running" || status.state === "queued";
  const rows = rowsOf(status);
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap" role="status">
      {status.interrupting && busy ? <span className="text-[12px] text-stale">stopping…</span> : <StatusBadge state={status.state} plain title={reasonOf(status)} />}
      {busy ? (
        status.state === "running" && status.started !== null && <Elapsed started={status.started} />
      ) : (
        <>
          {status.seconds !== null && <span className="tabular text-[12px] text-muted">{seconds(status.seconds)}</span>}
          {rows !== null && <span className="tabular hidden text-[12px] text-muted @min-[520px]:inline" title={counted(rows, "row")}>{rows < 1_000_000 ? counted(rows, "row") : `${shortCount(rows)} rows`}</span>}
        </>
      )}
    </span>
  );
}

function reasonOf(status: BlockStatus): string | undefined {
  if (status.state === "upstream_failed") return status.failure?.message || "A block before it failed, so this one was not run.";
  if (status.state === "condition_failed") return status.failure?.message ?? "A block before it was left out by its condition.";
  return status.failure ? `${status.failure.kind}: ${status.failure.message}` : undefined;
}

/** The mark of an output that code, inputs or variables have left behind. */
export function StaleMark({ reason }: { reason: string }) {
  return (
    <span className="inline-flex min-w-0 items-center gap-1 text-[12px] font-medium text-stale" title={`Its output is not what it would be now: ${reason}`}>
      <AlertTriangle size={12} aria-hidden="true" className="flex-none" />
      <span className="truncate">stale: {reason}</span>
    </span>
  );
}
