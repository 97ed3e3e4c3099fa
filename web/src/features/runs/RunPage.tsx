import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { RunDetail } from "../../api/types";
import { useZone } from "../../app/preferences";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { SplitPane } from "../../ui/SplitPane";
import { TabBar } from "../../ui/Tabs";
import { useMedia } from "../../ui/useMedia";
import { GraphPanel } from "../graph/GraphPanel";
import { BlockPane } from "./BlockPane";
import { Gantt } from "./Gantt";
import { families, parentOf } from "./gantt";
import { useFollowed } from "./gathered";
import { useRun } from "./queries";
import { RunHeader } from "./RunHeader";

const route = getRouteApi("/runs/$run");
const WIDE = "(min-width: 900px)";

/** One run: when each block ran, why one failed, what it printed and put out. Opens with the failed block selected. */
export function RunPage() {
  const { run: id } = route.useParams();
  useZone();
  const { data: run, error, isPending } = useRun(id);
  if (isPending) return <div className="p-6"><Spinner label="Reading the run" /></div>;
  if (error) return <ErrorCard className="m-6" error={error} action={<Link to="/runs" className="text-accent underline">All runs</Link>} />;
  return <Run key={run.run} run={run} />;
}

function Run({ run }: { run: RunDetail }) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const wide = useMedia(WIDE);
  const left = search.view === "graph" ? "graph" : "time";
  const followed = useFollowed(run.blocks);
  const selected = search.block ?? run.failed_block ?? followed ?? run.blocks[0]?.block ?? null;
  const block = run.blocks.find((one) => one.block === selected) ?? null;
  const select = (changes: { block?: string; tab?: string; view?: string }) => void navigate({ to: "/runs/$run", params: { run: run.run }, search: { ...search, ...changes }, replace: true });
  const choose = (next: string | null) => next && select({ block: next, tab: undefined });
  const time = (
    <div className="flex h-full flex-col">
      <div className="flex-none border-b border-line px-2"><TabBar label="Blocks as" tabs={[{ value: "time", label: "Time line" }, { value: "graph", label: "Graph" }]} value={left} onChange={(view) => select({ view: view === "graph" ? view : undefined })} /></div>
      <div className="min-h-0 flex-1">{left === "time" ? <Gantt key={run.run} run={run} selected={selected} onSelect={choose} /> : <Graph run={run} selected={selected} onSelect={choose} />}</div>
    </div>
  );
  const detail = selected !== null && block === null ? (
    <EmptyState title={`This run has no block ${selected}`} action={<Link to="/runs/$run" params={{ run: run.run }} search={{ view: search.view }} className="text-accent underline">Show the run</Link>}>It may have been renamed since, or be a child that has not begun yet.</EmptyState>
  ) : <BlockPane run={run} block={block} tab={search.tab} onTab={(tab) => select({ tab })} />;
  return (
    <div className="flex h-full flex-col">
      <RunHeader run={run} selected={selected && (parentOf(selected, new Set(run.blocks.map((one) => one.block))) ?? selected)} />
      <div className="min-h-0 flex-1">
        {run.blocks.length === 0 ? <EmptyState title={run.state === "initial" ? "It has not begun" : "No block of it has run"}>{run.state === "initial" ? "Its blocks, logs and outputs are shown here as soon as it does." : "It ended before any began."}</EmptyState> : <SplitPane name={wide ? "run" : "run-narrow"} direction={wide ? "horizontal" : "vertical"} panes={[{ id: "time", size: wide ? 48 : 35, min: 20, content: time }, { id: "detail", size: wide ? 52 : 65, min: 25, content: detail }]} />}
      </div>
    </div>
  );
}

/** Blocks and what they wait for; children are one with their block. */
function Graph({ run, selected, onSelect }: { run: RunDetail; selected: string | null; onSelect: (block: string | null) => void }) {
  const { blocks, statuses } = useMemo(() => {
    const { heads } = families(run.blocks);
    return {
      blocks: heads.map((one) => ({ uuid: one.block, name: one.block, type: "custom", language: "", upstream: one.upstream })),
      statuses: Object.fromEntries(heads.map((one) => [one.block, { state: one.state, seconds: one.seconds, rows: one.outputs[0]?.rows ?? null }])),
    };
  }, [run.blocks]);
  return <GraphPanel blocks={blocks} statuses={statuses} selected={selected} onSelect={onSelect} />;
}
