import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Activity } from "lucide-react";
import { useMemo, useState } from "react";
import type { MonitorDetail, MonitorPipeline } from "../../api/orchestration";
import { ago, count, dateTime, seconds } from "../../app/format";
import { useZone } from "../../app/preferences";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Select } from "../../ui/fields";
import { OF_RUNS, SubPages } from "../../ui/SubPages";
import { usePipelines } from "../pipelines/queries";
import { dayRange, RunsByDay, Spread } from "./Charts";
import { durationsOf, latenessOf, ranked, sums } from "./model";
import { useMonitor } from "./queries";

const route = getRouteApi("/monitor");
const DAYS = [7, 14, 30, 90];
const FIRST = 10;

/** How it has gone lately: runs by day, what fails most, how long runs take, and how late they begin. */
export function MonitorPage() {
  const search = route.useSearch();
  useZone();
  const navigate = useNavigate({ from: "/monitor" });
  const days = DAYS.includes(Number(search.days)) ? Number(search.days) : 14;
  const pipelines = usePipelines().data?.pipelines ?? [];
  const { data, error, isPending } = useMonitor(search.pipeline ?? "", days);
  const set = (changes: { pipeline?: string; days?: string }) => void navigate({ search: (held) => Object.fromEntries(Object.entries({ ...held, ...changes }).filter(([, value]) => value)), replace: true });
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-2 px-4 py-3">
        <h1 className="sr-only">Monitor</h1>
        <SubPages label="Runs" pages={OF_RUNS} />
        <Select aria-label="Pipeline" className="max-w-56" value={search.pipeline ?? ""} onChange={(event) => set({ pipeline: event.target.value })}>
          <option value="">Every pipeline</option>
          {pipelines.map(({ uuid }) => <option key={uuid}>{uuid}</option>)}
        </Select>
        <Select aria-label="Stretch" value={days} onChange={(event) => set({ days: event.target.value === "14" ? undefined : event.target.value })}>
          {DAYS.map((one) => <option key={one} value={one}>Last {one} days</option>)}
        </Select>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto border-t border-line">
        {error ? <ErrorCard className="m-6" error={error} /> : isPending ? <div className="p-6"><Spinner label="Counting" /></div> : <Body data={data} pipeline={search.pipeline} days={days} />}
      </div>
    </div>
  );
}

function Body({ data, pipeline, days }: { data: MonitorDetail; pipeline: string | undefined; days: number }) {
  const navigate = useNavigate();
  const total = sums(data.days);
  const durations = useMemo(() => durationsOf(data.days), [data.days]);
  const lateness = useMemo(() => latenessOf(data.days), [data.days]);
  const missed = data.days.reduce((sum, day) => sum + day.sla_missed, 0);
  const begun = data.days.reduce((sum, day) => sum + day.begun, 0);
  if (total.runs === 0 && data.waiting + data.running === 0) {
    return (
      <EmptyState icon={<Activity size={36} aria-hidden="true" />} title={`Nothing ran in the last ${days} days`} action={<Link to="/runs" className="font-medium text-accent underline">All runs</Link>}>
        {pipeline ? `Neither by a trigger of ${pipeline} nor by hand.` : "What runs is counted here by day, with how long it took and how late it began."}
      </EmptyState>
    );
  }
  const own = pipeline ? { pipeline } : {};
  const onDay = (day: string) => void navigate({ to: "/runs", search: { ...own, since: "between", ...dayRange(day) } });
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-8 p-4 sm:p-6">
      <p className="flex flex-wrap gap-x-6 gap-y-1">
        <Link to="/runs" search={{ ...own, state: "running" }} className="text-muted hover:text-fg"><b className="tabular text-fg">{count(data.running)}</b> running</Link>
        <Link to="/runs" search={{ ...own, state: "initial" }} className="text-muted hover:text-fg"><b className="tabular text-fg">{count(data.waiting)}</b> waiting</Link>
        <Link to="/alerts" className="text-muted hover:text-fg"><b className={`tabular ${data.incidents > 0 ? "text-failed" : "text-fg"}`}>{count(data.incidents)}</b> {data.incidents === 1 ? "incident" : "incidents"} open</Link>
      </p>
      <section>
        <div className="mb-2 flex flex-wrap items-baseline gap-x-4">
          <h2 className="text-[14px] font-semibold">Runs</h2>
          <span className="tabular text-muted">{count(total.runs)} in {days} days (UTC), {total.failed === 0 ? "none failed" : `${count(total.failed)} failed, ${percent(total.share)}`}</span>
        </div>
        <RunsByDay days={data.days} onDay={onDay} />
      </section>
      {data.failures.length > 0 && <Failures failures={data.failures} />}
      {durations.some((one) => one.spread) && (
        <section>
          <h2 className="mb-2 text-[14px] font-semibold">How long runs take</h2>
          <Spread days={durations} line="half within" area="95 of 100 within" onDay={onDay} />
        </section>
      )}
      {lateness.some((one) => one.spread) && (
        <section>
          <div className="mb-2 flex flex-wrap items-baseline gap-x-4">
            <h2 className="text-[14px] font-semibold">How late runs of triggers begin</h2>
            <span className={`tabular ${missed > 0 ? "font-medium text-stale" : "text-muted"}`}>{missed > 0 ? `${count(missed)} of ${count(begun)} done too late` : "none was done too late"}</span>
          </div>
          <Spread days={lateness} line="on average" area="at most" onDay={onDay} />
        </section>
      )}
      {data.pipelines.length > 0 && <Pipelines pipelines={data.pipelines} />}
    </div>
  );
}

function Failures({ failures }: { failures: MonitorDetail["failures"] }) {
  return (
    <section>
      <h2 className="mb-1 text-[14px] font-semibold">What fails</h2>
      <ul className="overflow-hidden rounded-card border border-line">
        {failures.map((one, index) => (
          <li key={index} className="border-b border-s2 last:border-b-0">
            <Link to="/runs/$run" params={{ run: one.run }} search={one.block ? { block: one.block } : {}} className="flex items-center gap-3 px-3 py-1.5 hover:bg-s1">
              <span className="tabular w-12 flex-none text-right font-semibold text-failed">{count(one.count)} ×</span>
              <span className="min-w-0 flex-1"><span className="block truncate"><span className="font-medium">{one.pipeline}</span> {one.block && <span className="text-muted">{one.block}</span>}</span><span className="block truncate text-[12px] text-muted" title={one.error}>{one.error || "without a message"}</span></span>
              {one.at !== null && <span className="flex-none text-[12px] text-muted" title={dateTime(one.at)}>{ago(one.at)}</span>}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Of each pipeline: how many runs, how long they take, how late they begin. */
function Pipelines({ pipelines }: { pipelines: MonitorPipeline[] }) {
  const list = useMemo(() => ranked(pipelines), [pipelines]);
  const [all, setAll] = useState(false);
  const figure = "tabular whitespace-nowrap px-2 py-1 text-right";
  return (
    <section>
      <h2 className="mb-1 text-[14px] font-semibold">Pipelines</h2>
      <div data-wide className="overflow-x-auto rounded-card border border-line">
        <table className="w-full">
          <thead className="border-b border-line text-meta text-muted">
            <tr>
              <th scope="col" className="px-3 py-1 text-left font-semibold">Pipeline</th><th scope="col" className={figure}>Runs</th><th scope="col" className={figure}>Failed</th>
              <th scope="col" className={figure} title="Half of the runs that completed took no longer">Half within</th><th scope="col" className={figure} title="95 of 100 took no longer">95 % within</th>
              <th scope="col" className={figure} title="From when a trigger's run was due to when it began">Began late by</th><th scope="col" className={figure} title="The most">at most</th><th scope="col" className={figure}>Done too late</th>
            </tr>
          </thead>
          <tbody>
            {(all ? list : list.slice(0, FIRST)).map((one) => {
              const { runs, failed, share } = sums([one]);
              return (
                <tr key={one.pipeline} className="border-b border-s2 last:border-b-0 hover:bg-s1">
                  <td className="max-w-64 truncate px-3 py-1"><Link to="/runs" search={{ pipeline: one.pipeline }} className="font-medium hover:underline">{one.pipeline}</Link></td>
                  <td className={figure}>{count(runs)}</td>
                  <td className={`${figure} ${failed > 0 ? "font-semibold text-failed" : "text-muted"}`}>{failed > 0 ? `${count(failed)} (${percent(share)})` : "0"}</td>
                  <td className={figure}>{span(one.p50)}</td><td className={figure}>{span(one.p95)}</td>
                  <td className={figure}>{span(one.wait_mean)}</td><td className={figure}>{span(one.wait_most)}</td>
                  <td className={`${figure} ${one.sla_missed > 0 ? "font-semibold text-stale" : "text-muted"}`}>{count(one.sla_missed)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {!all && list.length > FIRST && <Button look="quiet" onClick={() => setAll(true)}>Show all {count(list.length)}</Button>}
    </section>
  );
}

function span(value: number | null): string {
  return value === null ? "–" : seconds(value);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
