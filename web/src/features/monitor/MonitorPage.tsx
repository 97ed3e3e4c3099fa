import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { Activity } from "lucide-react";
import { useMemo, useState } from "react";
import type { MonitorDetail } from "../../api/orchestration";
import { ago, count, dateTime, seconds } from "../../app/format";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Select } from "../../ui/fields";
import { OF_RUNS, SubPages } from "../../ui/SubPages";
import { usePipelines } from "../pipelines/queries";
import { RunsByDay, Spread, spreadWords } from "./Charts";
import { linesOf, sums } from "./model";
import { useMonitor } from "./queries";

const route = getRouteApi("/monitor");
const DAYS = [7, 14, 30, 90];
const FIRST = 10;

/** How it has gone lately: runs by day, what fails most, how long runs take, and how late they begin. */
export function MonitorPage() {
  const search = route.useSearch();
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
  const lines = useMemo(() => linesOf(data.durations), [data.durations]);
  const [all, setAll] = useState(false);
  if (total.runs === 0) {
    return (
      <EmptyState icon={<Activity size={36} aria-hidden="true" />} title={`Nothing ran in the last ${days} days`} action={<Link to="/runs" className="font-medium text-accent underline">All runs</Link>}>
        {pipeline ? `Neither ${pipeline} by itself nor anybody by hand.` : "What runs is counted here by day, with how long it took and how late it began."}
      </EmptyState>
    );
  }
  const onDay = (day: string) => void navigate({ to: "/runs", search: { ...(pipeline ? { pipeline } : {}), since: "between", from: `${day}T00:00`, to: `${day}T23:59` } });
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-8 p-4 sm:p-6">
      <section>
        <div className="mb-2 flex flex-wrap items-baseline gap-x-4">
          <h2 className="text-[14px] font-semibold">Runs</h2>
          <span className="tabular text-muted">{count(total.runs)} in {days} days, {total.failed === 0 ? "none failed" : `${count(total.failed)} failed (${(100 * total.share).toFixed(total.share < 0.1 ? 1 : 0)} %)`}</span>
        </div>
        <RunsByDay days={data.days} onDay={onDay} />
      </section>
      {data.failures.length > 0 && (
        <section>
          <h2 className="mb-1 text-[14px] font-semibold">What fails</h2>
          <ul className="overflow-hidden rounded-card border border-line">
            {data.failures.map((one, index) => (
              <li key={index} className="border-b border-s2 last:border-b-0">
                <Link to="/runs/$run" params={{ run: one.run }} search={one.block ? { block: one.block } : {}} className="flex items-center gap-3 px-3 py-1.5 hover:bg-s1">
                  <span className="tabular w-12 flex-none text-right font-semibold text-failed">{count(one.count)} ×</span>
                  <span className="min-w-0 flex-1"><span className="block truncate"><span className="font-medium">{one.pipeline}</span> {one.block && <span className="text-muted">{one.block}</span>}</span><span className="block truncate text-[12px] text-muted" title={one.error}>{one.error || "without a message"}</span></span>
                  <span className="flex-none text-[12px] text-muted" title={dateTime(one.at)}>{ago(one.at)}</span>
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
      {lines.length > 0 && (
        <section>
          <h2 className="mb-1 text-[14px] font-semibold">How long runs take</h2>
          <ul className="overflow-hidden rounded-card border border-line">
            {(all ? lines : lines.slice(0, FIRST)).map((line) => (
              <li key={line.pipeline} className="flex flex-wrap items-center gap-x-4 border-b border-s2 px-3 py-1.5 last:border-b-0">
                <Link to="/runs" search={{ pipeline: line.pipeline }} className="w-48 min-w-0 flex-none truncate font-medium hover:underline">{line.pipeline}</Link>
                <span className="min-w-40 flex-1"><Spread days={line.days} label={`${line.pipeline}, day by day: lately ${spreadWords(line)}`} /></span>
                <span className="tabular w-64 flex-none text-right text-[12px] text-muted">{spreadWords(line)}</span>
              </li>
            ))}
          </ul>
          {!all && lines.length > FIRST && <Button look="quiet" onClick={() => setAll(true)}>Show all {count(lines.length)}</Button>}
        </section>
      )}
      {data.lateness.length > 0 && <Lateness days={data.lateness} />}
    </div>
  );
}

function Lateness({ days }: { days: MonitorDetail["lateness"] }) {
  const last = days.at(-1);
  const late = days.reduce((sum, one) => sum + one.late, 0);
  if (!last) return null;
  return (
    <section>
      <div className="mb-1 flex flex-wrap items-baseline gap-x-4">
        <h2 className="text-[14px] font-semibold">How late runs begin</h2>
        <span className="tabular text-muted">on {last.day} half within {seconds(last.p50)} of when they were due, 95 of 100 within {seconds(last.p95)}; {late === 0 ? "none was done too late" : `${count(late)} were done too late`}</span>
      </div>
      <div className="rounded-card border border-line p-2"><Spread days={days} label={`From due to begun, day by day: lately ${spreadWords(last)}`} /></div>
    </section>
  );
}
