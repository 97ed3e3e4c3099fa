import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { ChevronLeft, RotateCw, Square } from "lucide-react";
import { useEffect, useState } from "react";
import type { RunDetail } from "../../api/types";
import { bytes, dateTime, seconds } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { Button } from "../../ui/Button";
import { ErrorCard, Spinner } from "../../ui/feedback";
import { SplitPane } from "../../ui/SplitPane";
import { StatusBadge } from "../../ui/status";
import { TabBar } from "../../ui/Tabs";
import { GraphPanel } from "../graph/GraphPanel";
import { LogView } from "../outputs/LogView";
import { OutputPanel } from "../outputs/OutputPanel";
import { Gantt } from "./Gantt";
import { interruptRun, runAgain, statusOf, useRun } from "./queries";
import { WhyCard } from "./WhyCard";

const route = getRouteApi("/runs/$run");

/** One run: when each block ran, why one failed, what it printed and put out. Opens with the failed block selected. */
export function RunPage() {
  const { run: id } = route.useParams();
  const { data: run, error, isPending } = useRun(id);
  if (isPending) return <div className="p-6"><Spinner label="Reading the run" /></div>;
  if (error) return <ErrorCard className="m-6" error={error} />;
  return <Run run={run} />;
}

function Run({ run }: { run: RunDetail }) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const wide = useWide();
  const zone = usePreferences((held) => held.zone);
  const selected = search.block ?? run.failed_block ?? run.blocks.find((block) => block.state === "running")?.block ?? run.blocks[0]?.block ?? null;
  const block = run.blocks.find((one) => one.block === selected) ?? null;
  const failed = block?.state === "failed" && block.failure !== null;
  const tab = search.tab ?? (failed ? "why" : run.state === "running" ? "logs" : "output");
  const select = (changes: { block?: string; tab?: string }) => void navigate({ to: "/runs/$run", params: { run: run.run }, search: { ...search, ...changes }, replace: true });
  const open = (file: string, line: number) => void navigate({ to: "/files", search: { path: file, line } });
  const again = async (body: Record<string, unknown>) => {
    const next = await runAgain(run.pipeline, { variables: run.variables, ...body });
    if (next) void navigate({ to: "/runs/$run", params: { run: next } });
  };
  const statuses = Object.fromEntries(run.blocks.map((one) => [one.block, { state: one.state, seconds: one.seconds, rows: one.outputs[0]?.rows ?? null }]));
  const [left, setLeft] = useState("time");
  const time = (
    <div className="flex h-full flex-col">
      <div className="flex-none border-b border-line px-2"><TabBar label="Blocks as" tabs={[{ value: "time", label: "Time line" }, { value: "graph", label: "Graph" }]} value={left} onChange={setLeft} /></div>
      <div className="min-h-0 flex-1">
        {left === "time" ? (
          <Gantt run={run} selected={selected} onSelect={(next) => select({ block: next, tab: undefined })} />
        ) : (
          <GraphPanel blocks={run.blocks.map((one) => ({ uuid: one.block, name: one.block, type: "custom", language: "", upstream: one.upstream }))} statuses={statuses} selected={selected} onSelect={(next) => next && select({ block: next, tab: undefined })} />
        )}
      </div>
    </div>
  );
  const tabs = [...(failed ? [{ value: "why", label: "Why it failed" }] : []), { value: "logs", label: "Logs" }, { value: "output", label: "Output" }, { value: "facts", label: "Facts" }];
  const detail = (
    <div className="flex h-full flex-col">
      <div className="flex flex-none flex-wrap items-center gap-x-2 border-b border-line px-2">
        {block && <><b className="truncate">{block.block}</b><StatusBadge state={block.state} plain /></>}
        <span className="ml-auto"><TabBar label="Of the block" tabs={tabs} value={tab} onChange={(value) => select({ tab: value })} /></span>
      </div>
      <div className="min-h-0 flex-1 overflow-auto">
        {block && tab === "why" && failed && <WhyCard run={run.run} pipeline={run.pipeline} block={block.block} onOpen={open} onRetry={() => void again({ blocks: [block.block], with_downstream: true })} />}
        {tab === "logs" && <LogView run={run.run} block={block?.block} />}
        {block && tab === "output" && (block.state === "upstream_failed" ? <NotRun run={run} block={block.block} /> : <OutputPanel pipeline={run.pipeline} block={block.block} status={statusOf(block)} version={block.ref?.version} onOpen={open} />)}
        {tab === "facts" && <Facts run={run} block={block} />}
      </div>
    </div>
  );
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2">
        <Link to="/runs" aria-label="All runs" className="text-muted hover:text-fg"><ChevronLeft size={16} aria-hidden="true" /></Link>
        <h1 className="text-title font-semibold"><Link to="/pipelines/$pipeline" params={{ pipeline: run.pipeline }} className="hover:underline">{run.pipeline}</Link></h1>
        <StatusBadge state={run.state} />
        <span className="text-muted">{run.what}, from {run.origin}</span>
        <span className="text-muted" title={run.run}>{dateTime(run.started, zone)}</span>
        {run.seconds !== null && <span className="tabular text-muted">{seconds(run.seconds)}</span>}
        <span className="tabular text-muted">{run.blocks_done} of {run.blocks_total} blocks</span>
        <span className="ml-auto flex gap-2">
          {run.state === "running" ? (
            <Button icon={<Square size={12} aria-hidden="true" fill="currentColor" />} onClick={() => interruptRun(run.run)}>Interrupt</Button>
          ) : (
            <Button icon={<RotateCw size={13} aria-hidden="true" />} onClick={() => void again({ blocks: run.blocks.map((one) => one.block) })}>Run again</Button>
          )}
        </span>
        {run.error && <p className="w-full truncate text-failed" title={run.error}>{run.failed_block ? `${run.failed_block}: ` : ""}{run.error}</p>}
      </header>
      <div className="min-h-0 flex-1">
        <SplitPane name={wide ? "run" : "run-narrow"} direction={wide ? "horizontal" : "vertical"} panes={[{ id: "time", size: wide ? 48 : 35, min: 20, content: time }, { id: "detail", size: wide ? 52 : 65, min: 25, content: detail }]} />
      </div>
    </div>
  );
}

/** Not grey without a word: which block was to blame. */
function NotRun({ run, block }: { run: RunDetail; block: string }) {
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
  return (
    <p className="p-4">
      {block} was not run because {blame.length > 0 ? blame.map((name, index) => <span key={name}>{index > 0 && ", "}<Link to="/runs/$run" params={{ run: run.run }} search={{ block: name }} className="text-accent underline">{name}</Link></span>) : "an upstream block"} failed.
    </p>
  );
}

function Facts({ run, block }: { run: RunDetail; block: RunDetail["blocks"][number] | null }) {
  const facts: [string, string][] = [["Run", run.run], ["Partition", run.partition === "_" ? "none" : run.partition], ["Variables", JSON.stringify(run.variables, null, 1)]];
  if (block) {
    facts.push(["Attempts", String(block.attempts)], ["Peak memory", block.peak_memory ? bytes(block.peak_memory) : "not known"], ["CPU", block.cpu_seconds ? seconds(block.cpu_seconds) : "not known"], ["Upstream", block.upstream.join(", ") || "none"]);
  }
  return (
    <dl className="grid grid-cols-[110px_1fr] gap-y-1 p-4">
      {facts.map(([name, value]) => [<dt key={name} className="text-muted">{name}</dt>, <dd key={`${name}v`} className="min-w-0 whitespace-pre-wrap break-words font-mono text-code">{value}</dd>])}
    </dl>
  );
}

function useWide(): boolean {
  const [wide, setWide] = useState(() => window.innerWidth >= 900);
  useEffect(() => {
    const onResize = () => setWide(window.innerWidth >= 900);
    window.addEventListener("resize", onResize);
    return () => window.removeEventListener("resize", onResize);
  }, []);
  return wide;
}
