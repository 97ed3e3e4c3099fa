import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { AlertTriangle, CheckCircle2, FileCode2, Workflow } from "lucide-react";
import type { ReactNode } from "react";
import { api } from "../../api/client";
import type { RunSummary } from "../../api/types";
import { ago, count, dateTime, seconds } from "../../app/format";
import { EmptyState, ErrorCard, Progress, Spinner } from "../../ui/feedback";
import { StatusBadge } from "../../ui/status";
import { NewPipelineButton } from "../pipelines/NewPipelineButton";

interface Home {
  attention: { kind: string; pipeline: string; block: string | null; run: string | null; message: string; at: number }[];
  running: RunSummary[];
  recent_runs: RunSummary[];
  recent_edits: { path: string; at: number; pipeline: string | null; block: string | null }[];
  counts: { pipelines: number; blocks: number; products: number; errors: number | null; warnings: number | null };
}

/** What needs somebody now, what runs, and where one was last. */
export function HomePage() {
  const { data, error, isPending } = useQuery({ queryKey: ["home"], queryFn: ({ signal }) => api.get<Home>("/home", { signal }) });
  if (isPending) return <div className="p-6"><Spinner label="Looking at the project" /></div>;
  if (error) return <ErrorCard className="m-6" error={error} />;
  if (data.counts.pipelines === 0) {
    return (
      <EmptyState icon={<Workflow size={40} aria-hidden="true" />} title="Build your first pipeline" action={<NewPipelineButton />}>
        Add a block that loads data, run it, look at its rows, and go on from there with Python or SQL. Everything is a plain file in this project’s folder.
      </EmptyState>
    );
  }
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto flex max-w-6xl flex-col gap-6 p-6">
        <header className="flex flex-wrap items-center gap-x-6 gap-y-2">
          <h1 className="text-[18px] font-semibold">Home</h1>
          <Figure value={data.counts.pipelines} word="pipelines" to="/pipelines" />
          <Figure value={data.counts.blocks} word="blocks" to="/pipelines" />
          <Figure value={data.counts.products} word="outputs" to="/data" />
          <span className="ml-auto"><NewPipelineButton /></span>
        </header>
        <Section title="Needs attention">
          {data.attention.length === 0 ? (
            <p className="flex items-center gap-2 px-3 py-2 text-muted"><CheckCircle2 size={15} className="text-ok" aria-hidden="true" />Nothing: no pipeline’s last run failed, every file can be read.</p>
          ) : (
            data.attention.map((item, index) => (
              <Link key={index} to="/pipelines/$pipeline" params={{ pipeline: item.pipeline }} search={item.block ? { block: item.block, tab: "data" } : {}} className={LINE}>
                <AlertTriangle size={15} className="flex-none text-failed" aria-hidden="true" />
                <span className="min-w-0 flex-1">
                  <span className="font-medium">{item.pipeline}{item.block ? ` / ${item.block}` : ""}</span>
                  <span className="block truncate text-muted" title={item.message}>{item.message}</span>
                </span>
                <span className="flex-none text-[12px] text-muted" title={dateTime(item.at)}>{ago(item.at)}</span>
              </Link>
            ))
          )}
        </Section>
        {data.running.length > 0 && (
          <Section title="Running now">
            {data.running.map((run) => (
              <Link key={run.run} to="/pipelines/$pipeline" params={{ pipeline: run.pipeline }} className={LINE}>
                <StatusBadge state="running" plain />
                <span className="font-medium">{run.pipeline}</span>
                <span className="text-muted">{run.what}</span>
                <span className="ml-auto w-40"><Progress value={run.blocks_total ? run.blocks_done / run.blocks_total : 0} label={`${run.blocks_done} of ${run.blocks_total} blocks`} /></span>
                <span className="tabular flex-none text-[12px] text-muted">{run.blocks_done} of {run.blocks_total}</span>
              </Link>
            ))}
          </Section>
        )}
        <div className="grid grid-cols-1 gap-6 lg:grid-cols-2">
          <Section title="Recent runs" more={<Link to="/runs" className="text-accent hover:underline">All runs</Link>}>
            {data.recent_runs.length === 0 && <p className="px-3 py-2 text-muted">Nothing has run yet. Open a pipeline and press “Run all”.</p>}
            {data.recent_runs.map((run) => (
              <Link key={run.run} to="/runs/$run" params={{ run: run.run }} className={LINE}>
                <span className="w-24 flex-none"><StatusBadge state={run.state} plain /></span>
                <span className="min-w-0 flex-1 truncate">{run.pipeline} <span className="text-muted">{run.what}</span></span>
                {run.seconds !== null && <span className="tabular flex-none text-[12px] text-muted">{seconds(run.seconds)}</span>}
                <span className="w-20 flex-none text-right text-[12px] text-muted" title={dateTime(run.started)}>{ago(run.started)}</span>
              </Link>
            ))}
          </Section>
          <Section title="Edited lately" more={<Link to="/files" className="text-accent hover:underline">All files</Link>}>
            {data.recent_edits.map((edit) => (
              <Edit key={edit.path} edit={edit} />
            ))}
          </Section>
        </div>
      </div>
    </div>
  );
}

const LINE = "flex items-center gap-3 border-b border-s2 px-3 py-2 last:border-b-0 hover:bg-s1";

function Edit({ edit }: { edit: Home["recent_edits"][number] }) {
  const inside = (
    <>
      <FileCode2 size={14} className="flex-none text-muted" aria-hidden="true" />
      <span className="min-w-0 flex-1 truncate">{edit.block ?? edit.path} {edit.block && <span className="text-muted">{edit.path}</span>}</span>
      <span className="flex-none text-[12px] text-muted" title={dateTime(edit.at)}>{ago(edit.at)}</span>
    </>
  );
  if (edit.pipeline) {
    return <Link to="/pipelines/$pipeline" params={{ pipeline: edit.pipeline }} search={edit.block ? { block: edit.block } : {}} className={LINE}>{inside}</Link>;
  }
  return <Link to="/files" search={{ path: edit.path }} className={LINE}>{inside}</Link>;
}

function Figure({ value, word, to }: { value: number; word: string; to: "/pipelines" | "/data" }) {
  return (
    <Link to={to} className="text-muted hover:text-fg"><b className="tabular text-fg">{count(value)}</b> {value === 1 ? word.slice(0, -1) : word}</Link>
  );
}

function Section({ title, more, children }: { title: string; more?: ReactNode; children: ReactNode }) {
  return (
    <section>
      <div className="mb-1 flex items-baseline justify-between">
        <h2 className="text-[14px] font-semibold">{title}</h2>
        {more}
      </div>
      <div className="rounded-card border border-line">{children}</div>
    </section>
  );
}
