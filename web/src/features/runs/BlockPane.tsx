import { Link, useNavigate } from "@tanstack/react-router";
import type { RunDetail } from "../../api/types";
import { bytes, count, seconds } from "../../app/format";
import { cx } from "../../ui/cx";
import { StatusBadge } from "../../ui/status";
import { TabBar } from "../../ui/Tabs";
import { CallbackFailures } from "../outputs/CallbackFailures";
import { LogView } from "../outputs/LogView";
import { OutputPanel } from "../outputs/OutputPanel";
import { useRunActions } from "./actions";
import { childrenOf, parentOf } from "./gantt";
import { NextAttempt } from "./NextAttempt";
import { statusOf } from "./queries";
import { WhyCard } from "./WhyCard";
import { WhyNot } from "./RunHeader";

interface Props {
  run: RunDetail;
  block: RunDetail["blocks"][number] | null;
  tab: string | undefined;
  onTab: (tab: string) => void;
}

const SHOWN = 60;
const NOT_RUN = new Set(["initial", "queued", "upstream_failed", "condition_failed"]);

/** Of the selected block: why it failed, what it printed and put out. */
export function BlockPane({ run, block, tab: wanted, onTab }: Props) {
  const navigate = useNavigate();
  const { retryFrom } = useRunActions(run.run);
  const open = (file: string, line: number) => void navigate({ to: "/files", search: { path: file, line } });
  const failed = block?.state === "failed" && block.failure !== null;
  const tab = wanted ?? (failed ? "why" : run.state === "running" ? "logs" : "output");
  const parent = block && parentOf(block.block, new Set(run.blocks.map((one) => one.block)));
  const children = block ? childrenOf(block.block, run.blocks) : [];
  const tabs = [...(failed ? [{ value: "why", label: "Why it failed" }] : []), { value: "logs", label: "Logs" }, { value: "output", label: "Output" }, { value: "facts", label: "Facts" }];
  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-none flex-wrap items-center gap-x-2 border-b border-line px-2">
        {block && <><b className="truncate">{block.block}</b><StatusBadge state={block.state} plain /></>}
        <span className="ml-auto"><TabBar label="Of the block" tabs={tabs} value={tab} onChange={onTab} /></span>
      </div>
      {block && block.callback_failures.length > 0 && tab !== "logs" && (
        <div className="max-h-[50%] flex-none overflow-auto border-b border-line p-2"><CallbackFailures failures={block.callback_failures} onOpen={open} /></div>
      )}
      {block?.waits && <NextAttempt block={block} onOpen={open} />}
      <div className="min-h-0 flex-1 overflow-auto">
        {block && tab === "why" && failed && <WhyCard run={run.run} pipeline={run.pipeline} block={block.block} partition={partitionOf(run)} onOpen={open} onLogs={() => onTab("logs")} busy={retryFrom.isPending} onRetry={run.state === "running" ? null : () => retryFrom.mutate(parent ?? block.block)} />}
        {tab === "logs" && (
          <div className="flex h-full flex-col">
            {children.length > 0 && <Children run={run.run} children={children} what="log" />}
            <div className="min-h-0 flex-1"><LogView run={run.run} block={block?.block} nothing={children.length > 0 ? "Nothing else was printed or logged." : undefined} /></div>
          </div>
        )}
        {tab === "output" && children.length > 0 && <Children run={run.run} children={children} what="output" />}
        {block && tab === "output" && !(children.length > 0 && block.outputs.length === 0) && (NOT_RUN.has(block.state) ? <NotRun run={run} block={block} /> : <OutputPanel pipeline={run.pipeline} block={block.block} status={statusOf(block)} version={block.ref?.version} partition={partitionOf(run)} onOpen={open} />)}
        {tab === "facts" && <Facts run={run} block={block} />}
      </div>
    </div>
  );
}

/** A dynamic child has no output and no log of its own: each of its children has. */
function Children({ run, children, what }: { run: string; children: RunDetail["blocks"]; what: "log" | "output" }) {
  return (
    <section className={cx("p-4", what === "log" && "max-h-[60%] flex-none overflow-auto border-b border-line")} tabIndex={what === "log" ? 0 : undefined} aria-label="Its children">
      <p className="mb-2">It runs once for each of {count(children.length)} {children.length === 1 ? "item" : "items"}; each of these has its {what}:</p>
      <ul className="flex flex-wrap gap-x-4 gap-y-1">
        {children.slice(0, SHOWN).map((child) => (
          <li key={child.block} className="flex min-w-0 items-center gap-1"><StatusBadge state={child.state} plain /><Link to="/runs/$run" params={{ run }} search={{ block: child.block, tab: what === "log" ? "logs" : "output" }} className="truncate text-accent hover:underline">{child.block}</Link></li>
        ))}
      </ul>
      {children.length > SHOWN && <p className="mt-2 text-muted">and {count(children.length - SHOWN)} more, in the list of blocks.</p>}
    </section>
  );
}

/** Undefined where its outputs are those of no partition. */
export function partitionOf(run: RunDetail): string | undefined {
  return run.partition === "_" || run.partition === "" ? undefined : run.partition;
}

/** Not grey without a word: what it waits for, or which block was to blame. */
function NotRun({ run, block }: { run: RunDetail; block: RunDetail["blocks"][number] }) {
  if (block.state !== "upstream_failed") {
    return <div className="p-3"><WhyNot path={`/runs/${encodeURIComponent(run.run)}/blocks/${encodeURIComponent(block.block)}`} waiting={`${block.block} has not run.`} /></div>;
  }
  const blame = toBlame(run, block.block);
  return (
    <p className="p-4">
      {block.block} was not run because {blame.length > 0 ? blame.map((name, index) => <span key={name}>{index > 0 && ", "}<Link to="/runs/$run" params={{ run: run.run }} search={{ block: name }} className="text-accent underline">{name}</Link></span>) : "an upstream block"} failed.
    </p>
  );
}

function toBlame(run: RunDetail, block: string): string[] {
  const byName = new Map(run.blocks.map((one) => [one.block, one]));
  const blame: string[] = [];
  const pending = [...(byName.get(block)?.upstream ?? [])];
  const seen = new Set<string>();
  while (pending.length > 0) {
    const name = pending.shift() as string;
    if (seen.has(name)) continue;
    seen.add(name);
    if (byName.get(name)?.state === "failed") blame.push(name);
    else pending.push(...(byName.get(name)?.upstream ?? []));
  }
  return blame;
}

function Facts({ run, block }: { run: RunDetail; block: RunDetail["blocks"][number] | null }) {
  const facts: [string, string][] = [["Run", run.run], ["Partition", partitionOf(run) ?? "none"], ["Variables", JSON.stringify(run.variables, null, 1)]];
  if (run.priority) facts.push(["Priority", String(run.priority)]);
  if (block) {
    facts.push(["Attempts", String(block.attempts)], ["Peak memory", block.peak_memory ? bytes(block.peak_memory) : "not known"], ["CPU", block.cpu_seconds ? seconds(block.cpu_seconds) : "not known"], ["Upstream", block.upstream.join(", ") || "none"]);
    const rows = block.outputs[0]?.rows;
    if (rows !== undefined && rows !== null) facts.push(["Rows", count(rows)]);
  }
  return (
    <dl className="grid grid-cols-[110px_1fr] gap-y-1 p-4">
      {facts.map(([name, value]) => [<dt key={name} className="text-muted">{name}</dt>, <dd key={`${name}v`} className="min-w-0 whitespace-pre-wrap break-words font-mono text-code">{value}</dd>])}
    </dl>
  );
}
