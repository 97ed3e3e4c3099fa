import { lazy, memo, Suspense, useMemo, useState } from "react";
import type { BlockDetail, BlockStatus, PipelineDetail, PipelineStatus } from "../../../api/types";
import { EmptyState, Spinner } from "../../../ui/feedback";
import { TabBar } from "../../../ui/Tabs";
import { toast } from "../../../ui/toasts";
import type { GraphStatus } from "../../graph/model";
import { fannedOut } from "../../outputs/children";
import { rowsOf } from "../notebook/StatusLine";
import { wire } from "../session/changes";
import { useBlockStatus, useSession, useStatus } from "../session/context";
import { openPlace } from "../session/places";
import { runBlock } from "../session/running";
import { useNavigation, type Selection, type Tab } from "../session/selection";
import { CodeDiff } from "./CodeDiff";

import { PRESSED } from "../status/patch";

const GraphPanel = lazy(() => import("../../graph/GraphPanel").then((module) => ({ default: module.GraphPanel })));
const OutputPanel = lazy(() => import("../../outputs/OutputPanel").then((module) => ({ default: module.OutputPanel })));
const ChildrenPanel = lazy(() => import("../../outputs/ChildrenPanel").then((module) => ({ default: module.ChildrenPanel })));
const ChartPanel = lazy(() => import("../../charts/ChartPanel").then((module) => ({ default: module.ChartPanel })));
const BlockDiff = lazy(() => import("../../outputs/BlockDiff").then((module) => ({ default: module.BlockDiff })));
const LogView = lazy(() => import("../../outputs/LogView").then((module) => ({ default: module.LogView })));

const TABS: { value: Tab; label: string }[] = [
  { value: "graph", label: "Graph" },
  { value: "data", label: "Data" },
  { value: "chart", label: "Chart" },
  { value: "logs", label: "Logs" },
  { value: "diff", label: "Diff" },
];

/** The right side: it shows what is selected at the left. */
export const Follower = memo(function Follower({ detail, selection }: { detail: PipelineDetail; selection: Selection }) {
  const { show } = useNavigation();
  const tab = TABS.some((one) => one.value === selection.tab) ? selection.tab : "data";
  return (
    <section aria-label="Selected" className="flex h-full min-h-0 flex-col bg-s0">
      <div className="flex-none border-b border-line px-1.5">
        <TabBar label="What is shown of the selected block" tabs={TABS} value={tab} onChange={(value) => show({ tab: value as Tab })} />
      </div>
      <div role="tabpanel" aria-label={tab} className="min-h-0 flex-1">
        <Suspense fallback={<div className="p-3"><Spinner /></div>}>
          {tab === "graph" ? <Graph detail={detail} selected={selection.block} /> : <OfBlock detail={detail} selection={selection} tab={tab} />}
        </Suspense>
      </div>
    </section>
  );
});

function graphStatuses(status: PipelineStatus): Record<string, GraphStatus> {
  return Object.fromEntries(
    Object.entries(status.blocks).map(([uuid, one]) => [uuid, { state: one.state, stale: one.stale, seconds: one.seconds, rows: rowsOf(one) }]),
  );
}

const NO_STATUSES = {};

function Graph({ detail, selected }: { detail: PipelineDetail; selected: string | null }) {
  const session = useSession();
  const { select } = useNavigation();
  const status = useStatus((now) => now);
  const statuses = useMemo(() => (status ? graphStatuses(status) : NO_STATUSES), [status]);
  const upstream = (uuid: string) => session.detail?.blocks.find((block) => block.uuid === uuid)?.upstream ?? [];
  return (
    <GraphPanel
      blocks={detail.blocks}
      statuses={statuses}
      selected={selected}
      onSelect={(block) => block && select(block)}
      onOpen={(block) => {
        select(block);
        session.ui.setState({ focus: { block } });
      }}
      onConnect={(from, to) => void wire(session, to, [...upstream(to), from])}
      onDisconnect={(from, to) => {
        const before = upstream(to);
        void wire(session, to, before.filter((one) => one !== from));
        toast(`${to} no longer takes ${from}.`, { action: { label: "Undo", run: () => void wire(session, to, before) } });
      }}
      onRefused={(why) => toast(why)}
    />
  );
}

/** What changed in a block: in what it put out, and in its code. */
function Differences({ block, status, output }: { block: BlockDetail; status: BlockStatus | undefined; output?: string }) {
  const session = useSession();
  const [of, setOf] = useState<"output" | "code">("output");
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex h-8 flex-none items-center gap-1 border-b border-line px-2" role="group" aria-label="What is compared">
        {(["output", "code"] as const).map((one) => (
          <button key={one} type="button" aria-pressed={of === one} className={of === one ? "rounded-control bg-accent-soft px-2 text-[12px] font-semibold" : "rounded-control px-2 text-[12px] text-muted hover:text-fg"} onClick={() => setOf(one)}>
            {one === "output" ? "Output" : "Code"}
          </button>
        ))}
      </div>
      <div className="min-h-0 flex-1">{of === "output" ? <BlockDiff pipeline={session.pipeline} block={block.uuid} status={status} output={output} /> : <CodeDiff block={block} />}</div>
    </div>
  );
}

function OfBlock({ detail, selection, tab }: { detail: PipelineDetail; selection: Selection; tab: Tab }) {
  const session = useSession();
  const navigation = useNavigation();
  const block = detail.blocks.find((one) => one.uuid === selection.block);
  const status = useBlockStatus(block?.uuid ?? "");
  if (!block) return <EmptyState title="No block is selected">Select one at the left to see what it put out.</EmptyState>;
  if (block.type === "markdown") return <EmptyState title={block.name}>A text has no output.</EmptyState>;
  if (block.type === "scratchpad") return <EmptyState title={block.name}>The output of a scratchpad is shown under its code.</EmptyState>;
  if (tab === "chart") return <ChartPanel key={block.uuid} pipeline={session.pipeline} block={block.uuid} status={status} charts={detail.charts} />;
  if (tab === "diff") return <Differences key={block.uuid} block={block} status={status} output={selection.output} />;
  if (tab === "logs") return <LogView run={status && status.run !== PRESSED ? status.run : null} block={block.uuid} linked />;
  if (status?.run && status.run !== PRESSED && fannedOut(detail.blocks).has(block.uuid)) {
    return (
      <ChildrenPanel
        key={block.uuid}
        pipeline={session.pipeline}
        block={block.uuid}
        run={status.run}
        child={selection.child}
        onChild={(child) => navigation.show({ block: block.uuid, child })}
        onOpen={(file, line) => openPlace(session, navigation, file, line)}
      />
    );
  }
  return (
    <OutputPanel
      key={block.uuid}
      pipeline={session.pipeline}
      block={block.uuid}
      status={status}
      output={selection.output}
      version={selection.version}
      onChange={(chosen) => navigation.show({ block: block.uuid, ...chosen })}
      onOpen={(file, line) => openPlace(session, navigation, file, line)}
      onRun={() => void runBlock(session, block.uuid)}
    />
  );
}
