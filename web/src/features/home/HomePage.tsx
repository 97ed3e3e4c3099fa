import { Link } from "@tanstack/react-router";
import { FileCode2, Play, Workflow } from "lucide-react";
import type { TriggerSummary } from "../../api/orchestration";
import { useCommands } from "../../app/commands";
import { ago, count, dateTime, seconds } from "../../app/format";
import { useZone } from "../../app/preferences";
import { useMinute } from "../../app/useMinute";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { StatusBadge } from "../../ui/status";
import { NewPipelineButton } from "../pipelines/NewPipelineButton";
import { useCreatePipeline, usePipelines } from "../pipelines/queries";
import { startedWords } from "../runs/filters";
import { useFirstTriggers } from "../triggers/queries";
import { NeedsAttention } from "./Attention";
import { NextRuns, UnderWay } from "./Ahead";
import { useHome, useOpenRuns, type Home, type RecentEdit } from "./queries";
import { LINE, Section } from "./Section";
import { Totals } from "./Totals";

const NO_TRIGGERS: TriggerSummary[] = [];

/** What needs somebody now, what runs, and where one was last. */
export function HomePage() {
  const { data, error, isPending } = useHome();
  const create = useCreatePipeline();
  useMinute();
  useZone();
  // What is on and broken comes first, then what is due first.
  const triggers = useFirstTriggers({ sort: "next", limit: 100 }).data;
  const due = useFirstTriggers({ state: "due", sort: "next", limit: 8 }).data?.triggers ?? NO_TRIGGERS;
  const open = useOpenRuns();
  useCommands([{ id: "new-pipeline", title: "New pipeline", group: "Pipelines", keys: ["N"], enabled: !create.isPending, run: () => create.mutate({}) }]);
  if (isPending) return <div className="p-6"><Spinner label="Looking at the project" /></div>;
  if (error) return <ErrorCard className="m-6" error={error} />;
  if (data.counts.pipelines === 0) {
    return (
      <EmptyState page icon={<Workflow size={40} aria-hidden="true" />} title="Build your first pipeline" action={<NewPipelineButton />}>
        Add a block that loads data, run it, look at its rows, and go on from there with Python or SQL. Everything is a plain file in this project’s folder.
      </EmptyState>
    );
  }
  const broken = (triggers?.triggers ?? NO_TRIGGERS).filter((trigger) => trigger.active && trigger.problem !== "");
  const late = open.filter((run) => run.sla_missed);
  const still = data.scheduler.status !== "ok" && (triggers?.counts.on ?? 0) > 0 ? data.scheduler : null;
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto flex max-w-6xl flex-col gap-6 p-4 sm:p-6">
        <header className="flex flex-wrap items-center gap-x-6 gap-y-2">
          <h1 className="text-[18px] font-semibold">Home</h1>
          <Figure value={data.counts.pipelines} word="pipeline" to="/pipelines" />
          <Figure value={data.counts.blocks} word="block" to="/pipelines" />
          <Figure value={data.counts.products} word="output" to="/data" />
          <span className="ml-auto"><NewPipelineButton /></span>
        </header>
        {(data.recent_runs.length > 0 || data.attention.length > 0 || broken.length > 0 || still !== null) && <NeedsAttention items={data.attention} triggers={broken} late={late} scheduler={still} />}
        <UnderWay runs={open} />
        {data.recent_runs.length === 0 && <FirstRun />}
        <div className="grid grid-cols-1 gap-6 lg:grid-cols-2">
          {data.recent_runs.length > 0 && <RecentRuns runs={data.recent_runs} />}
          <div className="flex flex-col gap-6">
            {data.recent_runs.length > 0 && <Totals />}
            <NextRuns triggers={due} />
            <Section title="Edited lately" more={<Link to="/files" className="text-accent hover:underline">All files</Link>}>
              {data.recent_edits.map((edit) => <Edit key={edit.path} edit={edit} />)}
            </Section>
          </div>
        </div>
      </div>
    </div>
  );
}

/** Pipelines that have never been run: here they are, that is what one does with them. */
function FirstRun() {
  const list = (usePipelines().data?.pipelines ?? []).filter((pipeline) => !pipeline.error);
  if (list.length === 0) return null;
  return (
    <Section title="Nothing has run yet. Open a pipeline and press “Run all”:" more={list.length > 5 && <Link to="/pipelines" className="text-accent hover:underline">All pipelines</Link>}>
      {list.slice(0, 5).map((pipeline) => (
        <Link key={pipeline.uuid} to="/pipelines/$pipeline" params={{ pipeline: pipeline.uuid }} className={LINE}>
          <Play size={14} className="flex-none text-accent" aria-hidden="true" />
          <span className="min-w-0 flex-1 truncate"><span className="font-medium">{pipeline.name}</span> <span className="text-muted">{pipeline.description}</span></span>
          <span className="tabular flex-none text-[12px] text-muted">{count(pipeline.blocks)} {pipeline.blocks === 1 ? "block" : "blocks"}</span>
        </Link>
      ))}
    </Section>
  );
}

function RecentRuns({ runs }: { runs: Home["recent_runs"] }) {
  return (
    <Section title="Recent runs" more={<Link to="/runs" className="text-accent hover:underline">All runs</Link>}>
      {runs.map((run) => (
        <Link key={run.run} to="/runs/$run" params={{ run: run.run }} className={LINE}>
          <span className="w-20 flex-none sm:w-24"><StatusBadge state={run.state} plain /></span>
          <span className="min-w-0 flex-1 sm:truncate" title={run.error ?? undefined}>
            <span className="block truncate sm:inline">{run.pipeline}</span>{" "}
            <span className="block truncate text-[12px] text-muted sm:inline">{[startedWords(run), run.error ?? (run.what === "all" ? "" : run.what)].filter(Boolean).join(" · ")}</span>
          </span>
          {run.seconds !== null && <span className="tabular hidden flex-none text-[12px] text-muted sm:inline">{seconds(run.seconds)}</span>}
          <span className="w-20 flex-none text-right text-[12px] text-muted" title={dateTime(run.started)}>{ago(run.started)}</span>
        </Link>
      ))}
    </Section>
  );
}

function Edit({ edit }: { edit: RecentEdit }) {
  const name = edit.block ?? edit.pipeline;
  const inside = (
    <>
      <FileCode2 size={14} className="flex-none text-muted" aria-hidden="true" />
      <span className="min-w-0 flex-1 truncate" title={edit.path}>{name ?? edit.path} {name && <span className="text-muted">{edit.path}</span>}</span>
      <span className="flex-none text-[12px] text-muted" title={dateTime(edit.at)}>{ago(edit.at)}</span>
    </>
  );
  if (edit.pipeline) {
    return <Link to="/pipelines/$pipeline" params={{ pipeline: edit.pipeline }} search={edit.block ? { block: edit.block } : {}} className={LINE}>{inside}</Link>;
  }
  return <Link to="/files" search={{ path: edit.path }} className={LINE}>{inside}</Link>;
}

function Figure({ value, word, to }: { value: number; word: string; to: "/pipelines" | "/data" }) {
  return <Link to={to} className="text-muted hover:text-fg"><b className="tabular text-fg">{count(value)}</b> {value === 1 ? word : `${word}s`}</Link>;
}
