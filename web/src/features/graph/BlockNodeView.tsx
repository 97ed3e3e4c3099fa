import { Handle, Position, type NodeProps } from "@xyflow/react";
import { memo } from "react";
import { shortCount } from "../../app/format";
import { lookOf } from "../../ui/status";
import type { BlockNode } from "./model";

const LANGUAGES: Record<string, string> = { python: "PY", sql: "SQL", r: "R", yaml: "YAML", markdown: "MD" };

/** One block of the graph: its type as a colour, language, name, and how its last run went in icon, word and figures. */
export const BlockNodeView = memo(function BlockNodeView({ data, selected }: NodeProps<BlockNode>) {
  const { block, status, editable } = data;
  const stale = Boolean(status.stale) && status.state === "completed";
  const look = lookOf(stale ? "stale" : status.state);
  const Icon = look.icon;
  return (
    <div className="graph-node" data-type={block.type} data-selected={selected || undefined} data-state={status.state}>
      <Handle type="target" position={Position.Top} isConnectable={editable && block.accepts_upstream !== false} />
      <div className="graph-node-name">
        <span className="graph-node-language">{LANGUAGES[block.language] ?? block.language}</span>
        <span className="truncate" title={block.name}>
          {block.name}
        </span>
      </div>
      <div className="graph-node-state" data-tone={look.tone} title={stale ? status.stale : undefined}>
        <Icon size={12} aria-hidden="true" className={status.state === "running" ? "graph-spin" : undefined} />
        <span>{look.word}</span>
        <span className="graph-node-figures">{figures(status.rows, status.seconds)}</span>
      </div>
      <Handle type="source" position={Position.Bottom} isConnectable={editable} />
    </div>
  );
});

function figures(rows: number | null | undefined, seconds: number | null | undefined): string {
  const parts: string[] = [];
  if (rows !== null && rows !== undefined) parts.push(`${shortCount(rows)} ${rows === 1 ? "row" : "rows"}`);
  if (seconds !== null && seconds !== undefined) parts.push(seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`);
  return parts.join(" · ");
}
