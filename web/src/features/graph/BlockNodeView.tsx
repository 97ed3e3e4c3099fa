import { Handle, Position, type NodeProps } from "@xyflow/react";
import { AlertTriangle, Ban, Check, CircleDashed, Clock, Loader2, X } from "lucide-react";
import { memo } from "react";
import type { BlockNode } from "./model";

const STATES: Record<string, { word: string; icon: typeof Check; tone: string }> = {
  never: { word: "never run", icon: CircleDashed, tone: "waiting" },
  queued: { word: "queued", icon: Clock, tone: "running" },
  running: { word: "running", icon: Loader2, tone: "running" },
  completed: { word: "done", icon: Check, tone: "ok" },
  skipped: { word: "up to date", icon: Check, tone: "ok" },
  failed: { word: "failed", icon: X, tone: "failed" },
  upstream_failed: { word: "not run", icon: Ban, tone: "failed" },
  cancelled: { word: "cancelled", icon: Ban, tone: "waiting" },
  interrupted: { word: "interrupted", icon: AlertTriangle, tone: "failed" },
};

const LANGUAGES: Record<string, string> = { python: "PY", sql: "SQL", r: "R", yaml: "YAML", markdown: "MD" };

/** One block of the graph: its type as a colour, language, name, and how its last run went in icon, word and figures. */
export const BlockNodeView = memo(function BlockNodeView({ data, selected }: NodeProps<BlockNode>) {
  const { block, status, editable } = data;
  const unknown = { word: status.state.replaceAll("_", " "), icon: CircleDashed, tone: "waiting" };
  const state = STATES[status.state] ?? unknown;
  const stale = status.stale && status.state === "completed";
  const Icon = stale ? AlertTriangle : state.icon;
  return (
    <div className="graph-node" data-type={block.type} data-selected={selected || undefined} data-state={status.state}>
      <Handle type="target" position={Position.Top} isConnectable={editable && block.accepts_upstream !== false} />
      <div className="graph-node-name">
        <span className="graph-node-language">{LANGUAGES[block.language] ?? block.language}</span>
        <span className="truncate" title={block.name}>
          {block.name}
        </span>
      </div>
      <div className="graph-node-state" data-tone={stale ? "stale" : state.tone} title={stale ? status.stale : undefined}>
        <Icon size={12} aria-hidden="true" className={status.state === "running" ? "graph-spin" : undefined} />
        <span>{stale ? "stale" : state.word}</span>
        <span className="graph-node-figures">{figures(status.rows, status.seconds)}</span>
      </div>
      <Handle type="source" position={Position.Bottom} isConnectable={editable} />
    </div>
  );
});

function figures(rows: number | null | undefined, seconds: number | null | undefined): string {
  const parts: string[] = [];
  if (rows !== null && rows !== undefined) parts.push(`${rows.toLocaleString()} rows`);
  if (seconds !== null && seconds !== undefined) parts.push(seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`);
  return parts.join(" · ");
}
