import { Link, useNavigate } from "@tanstack/react-router";
import { AlertTriangle, History, MoreHorizontal, Pencil, Play, Trash2 } from "lucide-react";
import type { KeyboardEvent } from "react";
import type { TriggerSummary } from "../../api/orchestration";
import { ago, dateTime } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { IconButton } from "../../ui/Button";
import { Switch } from "../../ui/fields";
import { ContextMenu, Menu, type MenuItem } from "../../ui/Menu";
import { StatusBadge } from "../../ui/status";
import { RunBars } from "../pipelines/RunBars";
import { until } from "./list";

/** Of the head and of every row; small screens have all but the last runs below the name. */
export const COLUMNS = "grid grid-cols-[28px_minmax(0,1fr)_24px] items-center gap-3 px-4 md:grid-cols-[28px_minmax(180px,1.3fr)_minmax(140px,1.3fr)_126px_100px_84px_24px]";
const ICON = 13;

interface Props {
  trigger: TriggerSummary;
  index: number;
  onActivate: (active: boolean) => void;
  onRun: () => void;
  onDelete: () => void;
}

export function TriggerRow({ trigger, index, onActivate, onRun, onDelete }: Props) {
  const navigate = useNavigate();
  const zone = usePreferences((held) => held.zone);
  const last = trigger.last_run;
  const next = !trigger.active ? "off" : trigger.next !== null ? `next ${until(trigger.next)}` : "";
  const open = () => void navigate({ to: "/triggers/$trigger", params: { trigger: String(trigger.id) } });
  const items: MenuItem[] = [
    { label: "Run now", icon: <Play size={ICON} aria-hidden="true" />, keys: "R", onSelect: onRun },
    { label: "Edit", icon: <Pencil size={ICON} aria-hidden="true" />, keys: "Enter", onSelect: open },
    { label: "Its runs", icon: <History size={ICON} aria-hidden="true" />, onSelect: () => void navigate({ to: "/runs", search: { trigger: String(trigger.id) } }) },
    { label: trigger.active ? "Turn off" : "Turn on", keys: "Space", onSelect: () => onActivate(!trigger.active) },
    { separator: true },
    { label: "Delete", icon: <Trash2 size={ICON} aria-hidden="true" />, keys: "Delete", danger: true, onSelect: onDelete },
  ];
  const onKey = (event: KeyboardEvent) => {
    const act = { Delete: onDelete, " ": () => onActivate(!trigger.active), r: onRun }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  return (
    <ContextMenu items={items}>
      <div role="row" aria-rowindex={index + 2} className={`${COLUMNS} h-full border-b border-s2 hover:bg-s1 has-[[data-row]:focus-visible]:bg-s1`}>
        <div role="cell" className="flex"><Switch checked={trigger.active} onChange={onActivate} label={`${trigger.name} of ${trigger.pipeline} is on`} /></div>
        <div role="cell" className="min-w-0">
          <Link to="/triggers/$trigger" params={{ trigger: String(trigger.id) }} data-row={index} onKeyDown={onKey} className="block min-w-0 outline-offset-2">
            <span className="block truncate font-medium" title={trigger.description || trigger.name}>{trigger.name} <span className="font-normal text-muted">{trigger.pipeline}</span></span>
            {trigger.problem ? (
              <span className="flex min-w-0 items-center gap-1 text-[12px] text-failed" title={trigger.problem}><AlertTriangle size={12} aria-hidden="true" className="flex-none" /><span className="truncate">{trigger.problem}</span></span>
            ) : (
              <span className="block truncate text-[12px] text-muted"><span className="md:hidden">{trigger.words} </span>{[trigger.description, ...trigger.tags].filter(Boolean).join(" · ")}</span>
            )}
            <span className="flex min-w-0 items-center gap-1.5 text-[12px] text-muted md:hidden">
              {next && <span className="truncate">{next}</span>}
              {next && <span aria-hidden="true">·</span>}
              {last ? <><StatusBadge state={last.state} plain /> <span className="truncate">{last.started ? ago(last.started) : ""}</span></> : "never ran"}
            </span>
          </Link>
        </div>
        <div role="cell" className="hidden md:line-clamp-2" title={trigger.schedule ? `${trigger.words} (${trigger.schedule})` : trigger.words}>{trigger.words || <code className="font-mono text-code text-muted">{trigger.schedule}</code>}</div>
        <div role="cell" className="hidden md:block">
          {trigger.active && trigger.next !== null ? (
            <><span className="block truncate">{until(trigger.next)}</span><span className="tabular block truncate text-meta text-muted">{short(trigger.next, zone)}</span></>
          ) : (
            <span className="text-muted">{trigger.active ? "–" : "off"}</span>
          )}
        </div>
        <div role="cell" className="hidden min-w-0 md:block">
          {last ? (
            <Link to="/runs/$run" params={{ run: last.run }} className="block min-w-0">
              <StatusBadge state={last.state} plain />
              <span className="block truncate pl-4 text-meta text-muted" title={dateTime(last.started ?? 0, zone)}>{last.started ? ago(last.started) : ""}</span>
            </Link>
          ) : (
            <span className="text-muted">never</span>
          )}
        </div>
        <div role="cell" className="hidden md:block">
          {trigger.runs.length > 0 && <Link to="/runs" search={{ trigger: String(trigger.id) }} aria-label={`Runs of ${trigger.name}`} className="block"><RunBars runs={trigger.runs} width={84} /></Link>}
        </div>
        <div role="cell"><Menu align="end" items={items}><IconButton label={`Actions for ${trigger.name}`}><MoreHorizontal size={15} aria-hidden="true" /></IconButton></Menu></div>
      </div>
    </ContextMenu>
  );
}

/** Without year and seconds. */
export function short(at: number, zone: "local" | "utc"): string {
  const options: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false };
  return new Date(at * 1000).toLocaleString("en-GB", zone === "utc" ? { ...options, timeZone: "UTC" } : options);
}
