import { Link } from "@tanstack/react-router";
import { AlertTriangle, Copy, Download, FolderInput, LayoutTemplate, MoreHorizontal, Pencil, Tags, Trash2 } from "lucide-react";
import type { KeyboardEvent } from "react";
import { apiUrl, segment } from "../../api/client";
import type { PipelineSummary } from "../../api/types";
import { ago, count, dateTime } from "../../app/format";
import { IconButton } from "../../ui/Button";
import { ContextMenu, Menu, type MenuItem } from "../../ui/Menu";
import { Badge, StatusBadge } from "../../ui/status";
import type { Editing } from "./EditDialogs";
import { placeOf, stateOf } from "./list";
import { RunBars } from "./RunBars";

/** Of the head and of every row; small screens keep the name, the state and the menu. */
export const COLUMNS = "grid grid-cols-[14px_minmax(0,1fr)_auto_24px] items-center gap-3 px-4 md:grid-cols-[14px_minmax(200px,2fr)_124px_124px_minmax(110px,1fr)_56px_92px_24px]";
const ICON = 13;
const TAGS = 3;

interface Props {
  pipeline: PipelineSummary;
  index: number;
  onEdit: (what: Editing["what"]) => void;
  onDelete: () => void;
  marked: boolean;
  /** With `far`, all from the one that was marked last. */
  onMark: (far: boolean) => void;
}

export function PipelineRow({ pipeline, index, onEdit, onDelete, marked, onMark }: Props) {
  const last = pipeline.runs.at(-1);
  const state = stateOf(pipeline);
  const place = placeOf(pipeline);
  const items = menu(pipeline, onEdit, onDelete);
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "F2") onEdit("rename");
    else if (event.key === "Delete") onDelete();
    else if (event.key === " ") onMark(event.shiftKey);
    else return;
    event.preventDefault();
  };
  return (
    <ContextMenu items={items}>
      <div role="row" aria-rowindex={index + 2} aria-selected={marked} className={`${COLUMNS} h-full border-b border-s2 ${marked ? "bg-accent-soft" : "hover:bg-s1 has-[[data-row]:focus-visible]:bg-s1"}`}>
        <div role="cell" className="flex">
          <input type="checkbox" aria-label={`Mark ${pipeline.name}`} title="Mark it; Shift marks all between" checked={marked} onChange={() => undefined} onClick={(event) => onMark(event.shiftKey)} />
        </div>
        <div role="cell" className="min-w-0">
          <Link to="/pipelines/$pipeline" params={{ pipeline: pipeline.uuid }} data-row={index} onKeyDown={onKey} className="block min-w-0 outline-offset-2">
            <span className="block truncate font-medium" title={pipeline.name}>{pipeline.name}{place && <span className="font-normal text-muted"> {place}</span>}</span>
            <Detail pipeline={pipeline} />
          </Link>
        </div>
        <div role="cell" className="min-w-0">
          {state === "unreadable" ? <Badge tone="failed">unreadable</Badge> : <StatusBadge state={state} plain />}
          {last && <span className="block truncate pl-4 text-meta text-muted" title={dateTime(last.started)}>{ago(last.started)}</span>}
        </div>
        <div role="cell" className="hidden md:block">
          {pipeline.runs.length > 0 && <Link to="/runs" search={{ pipeline: pipeline.uuid }} aria-label={`Runs of ${pipeline.name}`} className="block"><RunBars runs={pipeline.runs} /></Link>}
        </div>
        <div role="cell" className="hidden gap-1 overflow-hidden md:flex" title={pipeline.tags.join(", ")}>
          {pipeline.tags.slice(0, TAGS).map((tag) => <span key={tag} className="min-w-0 truncate rounded-control bg-s2 px-1.5 py-px text-meta font-medium text-muted">{tag}</span>)}
          {pipeline.tags.length > TAGS && <span className="text-meta text-muted">+{pipeline.tags.length - TAGS}</span>}
        </div>
        <div role="cell" className="tabular hidden text-right md:block">{pipeline.error ? "" : count(pipeline.blocks)}</div>
        <div role="cell" className="hidden truncate text-[12px] text-muted md:block" title={dateTime(pipeline.updated_at)}>{ago(pipeline.updated_at)}</div>
        <div role="cell">
          <Menu align="end" items={items}>
            <IconButton label={`Actions for ${pipeline.name}`}><MoreHorizontal size={15} aria-hidden="true" /></IconButton>
          </Menu>
        </div>
      </div>
    </ContextMenu>
  );
}

function Detail({ pipeline }: { pipeline: PipelineSummary }) {
  if (pipeline.error) {
    return (
      <span className="flex min-w-0 items-center gap-1 text-[12px] text-failed" title={pipeline.error}>
        <AlertTriangle size={12} aria-hidden="true" className="flex-none" />
        <span className="truncate">{pipeline.error}</span>
      </span>
    );
  }
  const text = [pipeline.type === "python" ? "" : pipeline.type, pipeline.description].filter(Boolean).join(" · ");
  return text ? <span className="block truncate text-[12px] text-muted" title={pipeline.description}>{text}</span> : null;
}

function menu(pipeline: PipelineSummary, onEdit: Props["onEdit"], onDelete: () => void): MenuItem[] {
  const download = (keep: boolean) => window.location.assign(apiUrl(`/pipelines/${segment(pipeline.uuid)}/export`, { keep_folders: keep ? 1 : 0 }));
  return [
    { label: "Rename", icon: <Pencil size={ICON} aria-hidden="true" />, keys: "F2", onSelect: () => onEdit("rename") },
    { label: "Description and tags", icon: <Tags size={ICON} aria-hidden="true" />, onSelect: () => onEdit("describe") },
    { label: "Clone", icon: <Copy size={ICON} aria-hidden="true" />, onSelect: () => onEdit("clone") },
    { label: "Make a template of it", icon: <LayoutTemplate size={ICON} aria-hidden="true" />, onSelect: () => onEdit("template") },
    { label: "Move to a folder", icon: <FolderInput size={ICON} aria-hidden="true" />, onSelect: () => onEdit("move") },
    { separator: true },
    { label: "Download as zip", icon: <Download size={ICON} aria-hidden="true" />, onSelect: () => download(true) },
    { label: "Download as zip, without folders", icon: <Download size={ICON} aria-hidden="true" />, onSelect: () => download(false) },
    { separator: true },
    { label: "Delete", icon: <Trash2 size={ICON} aria-hidden="true" />, keys: "Delete", danger: true, onSelect: onDelete },
  ];
}
