import { useLocation, useNavigate } from "@tanstack/react-router";
import { AlertTriangle, Braces, CalendarClock, ChevronDown, ListTree, MoreHorizontal, PanelRight, Play, Settings2, Square } from "lucide-react";
import { lazy, memo, Suspense, useState } from "react";
import type { PipelineDetail, RunSummary } from "../../../api/types";
import { useCommands } from "../../../app/commands";
import { useMay } from "../../../app/permissions";
import { Button, IconButton } from "../../../ui/Button";
import { Menu, type MenuItem } from "../../../ui/Menu";
import { Progress } from "../../../ui/feedback";
import { toast, toastError } from "../../../ui/toasts";
import { useTriggersOf } from "../../triggers/queries";
import { Elapsed } from "../notebook/Elapsed";
import { InlineName } from "../notebook/InlineName";
import { requests } from "../queries";
import { useSession, useStatus } from "../session/context";
import { setLayout, useLayout } from "../session/layout";
import { interrupt, runPipeline } from "../session/running";
import { useNavigation, type View } from "../session/selection";
import { GitMark } from "./GitMark";
import { SavedState } from "./SavedState";

const RunWithDialog = lazy(() => import("./RunWithDialog").then((module) => ({ default: module.RunWithDialog })));

const NO_RUNS: RunSummary[] = [];

/** The bar over the editor: what pipeline this is, what runs, whether all is saved, and the way to everything else. */
export const EditorHeader = memo(function EditorHeader({ detail, view }: { detail: PipelineDetail; view: View | undefined }) {
  const session = useSession();
  const { show } = useNavigation();
  const layout = useLayout();
  const mayRun = useMay("run");
  const runnable = detail.blocks.filter((block) => block.runnable);
  const stale = useStatus((status) => runnable.filter(({ uuid }) => !status.blocks[uuid]?.version || status.blocks[uuid]?.stale).length) ?? 0;
  const runs = useStatus((status) => status.runs) ?? NO_RUNS;
  const errors = detail.diagnostics.filter((one) => one.severity === "error").length;
  const toggle = (one: View) => show({ view: view === one ? undefined : one });
  return (
    <header className="flex h-11 flex-none items-center gap-1.5 border-b border-line bg-s0 px-3">
      <PipelineName detail={detail} />
      <span className="mx-1 h-5 w-px flex-none bg-line" />
      <Button look="primary" icon={<Play size={13} fill="currentColor" aria-hidden="true" />} disabled={runnable.length === 0 || !mayRun} onClick={() => void runPipeline(session, "all")}>
        Run all
      </Button>
      <Button disabled={stale === 0 || !mayRun} title="Runs the blocks whose output is missing, or is not what it would be now" onClick={() => void runPipeline(session, "stale")}>
        Run stale{stale > 0 ? ` (${stale})` : ""}
      </Button>
      {runs.length > 0 && <Running runs={runs} />}
      <span className="min-w-1 flex-1" />
      <SavedState />
      {detail.git && <GitMark detail={detail} crowded={runs.length > 0 || detail.diagnostics.length > 0} />}
      {detail.diagnostics.length > 0 && (
        <Button look="quiet" aria-pressed={view === "problems"} className={errors > 0 ? "!text-failed" : "!text-stale"} icon={<AlertTriangle size={13} aria-hidden="true" />} onClick={() => toggle("problems")}>
          {detail.diagnostics.length} {detail.diagnostics.length === 1 ? "problem" : "problems"}
        </Button>
      )}
      <Button look="quiet" aria-pressed={view === "variables"} icon={<Braces size={13} aria-hidden="true" />} onClick={() => toggle("variables")}>Variables</Button>
      <Triggers pipeline={detail.uuid} />
      <IconButton label="Pipeline settings" aria-pressed={view === "pipeline"} onClick={() => toggle("pipeline")}>
        <Settings2 size={15} aria-hidden="true" />
      </IconButton>
      <IconButton label={layout.outline ? "Hide the outline" : "Show the outline"} aria-pressed={layout.outline} className={layout.outline ? "!text-accent" : undefined} onClick={() => setLayout({ outline: !layout.outline })}>
        <ListTree size={15} aria-hidden="true" />
      </IconButton>
      <IconButton label={layout.follower ? "Hide the right side" : "Show the right side"} aria-pressed={layout.follower} className={layout.follower ? "!text-accent" : undefined} onClick={() => setLayout({ follower: !layout.follower })}>
        <PanelRight size={15} aria-hidden="true" />
      </IconButton>
      <PipelineMenu detail={detail} />
    </header>
  );
});

/** What starts this pipeline by itself, and the way there. */
function Triggers({ pipeline }: { pipeline: string }) {
  const navigate = useNavigate();
  const triggers = useTriggersOf(pipeline);
  const on = triggers.filter((one) => one.active).length;
  const broken = triggers.some((one) => one.active && one.problem);
  const open = () => void navigate({ to: "/triggers", search: { pipeline } });
  useCommands([
    { id: "pipeline.triggers", title: "Triggers of this pipeline", group: "Pipeline", run: open },
    { id: "pipeline.trigger", title: "New trigger for this pipeline", group: "Pipeline", run: () => void navigate({ to: "/triggers/new", search: { pipeline } }) },
    { id: "pipeline.runs", title: "Runs of this pipeline", group: "Pipeline", run: () => void navigate({ to: "/runs", search: { pipeline } }) },
    { id: "pipeline.backfill", title: "New backfill of this pipeline", group: "Pipeline", run: () => void navigate({ to: "/backfills", search: { pipeline, new: "1" } }) },
  ]);
  return (
    <Button look="quiet" className={broken ? "!text-failed" : undefined} title={triggers.map((one) => `${one.name}: ${one.problem || (one.active ? one.words : "off")}`).join("\n") || "Nothing starts it by itself yet"} icon={<CalendarClock size={13} aria-hidden="true" />} onClick={open}>
      Triggers{on > 0 ? ` (${on})` : ""}
    </Button>
  );
}

function PipelineName({ detail }: { detail: PipelineDetail }) {
  const session = useSession();
  const { openPipeline } = useNavigation();
  const [editing, setEditing] = useState(useLocation().state.naming === true);
  const rename = async (name: string) => {
    await session.documents.saveAll();
    try {
      const renamed = await requests.renamePipeline(session.pipeline, name);
      for (const note of renamed.notes) toast(note);
      openPipeline(renamed.uuid);
      return true;
    } catch (error) {
      toastError(error);
      return false;
    }
  };
  return (
    <h1 className="flex min-w-0 max-w-72 items-center text-[15px]" title={detail.description || undefined}>
      <InlineName value={detail.name} label="Name of the pipeline" editing={editing} onEditing={setEditing} onRename={rename} />
    </h1>
  );
}

function Running({ runs }: { runs: readonly RunSummary[] }) {
  const session = useSession();
  const total = runs.reduce((sum, run) => sum + run.blocks_total, 0);
  const done = runs.reduce((sum, run) => sum + run.blocks_done, 0);
  const started = Math.min(...runs.map((run) => run.started));
  return (
    <span className="inline-flex flex-none items-center gap-2 whitespace-nowrap" role="status">
      <Button look="danger" icon={<Square size={11} fill="currentColor" aria-hidden="true" />} onClick={() => void interrupt(session)}>Interrupt</Button>
      <span className="hidden w-20 lg:block"><Progress value={total > 0 ? done / total : 0} label="Blocks done" /></span>
      <span className="tabular text-[12px] text-running">{done}/{total}</span>
      <Elapsed started={started} />
    </span>
  );
}

function PipelineMenu({ detail }: { detail: PipelineDetail }) {
  const session = useSession();
  const { show, openFile } = useNavigation();
  const [running, setRunning] = useState(false);
  useCommands([{ id: "run.with", title: "Run all with other values of variables", group: "Pipeline", run: () => setRunning(true) }]);
  const items: MenuItem[] = [
    { label: "Run with other values", icon: <Play size={12} aria-hidden="true" />, hint: "Of its variables, for one run", onSelect: () => setRunning(true) },
    { separator: true },
    { label: "Pipeline settings", onSelect: () => show({ view: "pipeline" }) },
    { label: "Variables", onSelect: () => show({ view: "variables" }) },
    { label: "Problems", onSelect: () => show({ view: "problems" }) },
    { label: "Its file as YAML", hint: detail.file, onSelect: () => show({ view: "yaml" }) },
    { separator: true },
    { label: "Fold all blocks", onSelect: () => session.ui.setState({ collapsed: new Set(detail.blocks.map((block) => block.uuid)) }) },
    { label: "Unfold all blocks", onSelect: () => session.ui.setState({ collapsed: new Set() }) },
    { separator: true },
    { label: "Open its file", hint: detail.file, onSelect: () => openFile(detail.file) },
  ];
  return (
    <>
    {running && <Suspense fallback={null}><RunWithDialog variables={detail.variables} onClose={() => setRunning(false)} /></Suspense>}
    <Menu align="end" items={items}>
      <button type="button" aria-label="More about this pipeline" className="inline-flex h-6 flex-none items-center rounded-control px-0.5 text-muted hover:bg-s2 hover:text-fg">
        <MoreHorizontal size={15} aria-hidden="true" />
        <ChevronDown size={11} aria-hidden="true" />
      </button>
    </Menu>
    </>
  );
}
