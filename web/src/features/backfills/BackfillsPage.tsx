import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { History, Plus } from "lucide-react";
import { useCommands } from "../../app/commands";
import type { BackfillSummary } from "../../api/orchestration";
import { ago, count, dateTime } from "../../app/format";
import { useZone } from "../../app/preferences";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Progress, Spinner } from "../../ui/feedback";
import { StatusBadge } from "../../ui/status";
import { OF_TRIGGERS, SubPages } from "../../ui/SubPages";
import { wallClock } from "../triggers/draft";
import { progressOf } from "./draft";
import { NewBackfill } from "./NewBackfill";
import { useBackfills } from "./queries";

const route = getRouteApi("/backfills");

/** Pipelines that are run over a time that has passed, or over what a block lists. */
export function BackfillsPage() {
  const search = route.useSearch();
  useZone();
  const navigate = useNavigate({ from: "/backfills" });
  const { data, error, isPending } = useBackfills(search.pipeline);
  const begin = () => void navigate({ search: (held) => ({ ...held, new: "1" }) });
  const close = () => void navigate({ search: ({ pipeline }) => (pipeline ? { pipeline } : {}), replace: true });
  useCommands([{ id: "new-backfill", title: "New backfill", group: "Backfills", keys: ["N"], run: begin }]);
  if (error) return <ErrorCard className="m-6" error={error} />;
  const list = data?.backfills ?? [];
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-2 px-4 py-3">
        <h1 className="sr-only">Backfills</h1>
        <SubPages label="Triggers" pages={OF_TRIGGERS} />
        {search.pipeline && <span className="min-w-0 truncate text-muted">Only of {search.pipeline}. <Link to="/backfills" className="text-accent underline">Show all</Link></span>}
        <span className="ml-auto"><Button look="primary" icon={<Plus size={14} aria-hidden="true" />} onClick={begin}>New backfill</Button></span>
      </header>
      {isPending && <div className="p-6"><Spinner label="Reading the backfills" /></div>}
      {data && list.length === 0 && (
        <EmptyState icon={<History size={36} aria-hidden="true" />} title="No backfills yet" action={<Button icon={<Plus size={14} aria-hidden="true" />} onClick={begin}>New backfill</Button>}>
          A backfill runs a pipeline once for each day, hour or month of a time that has passed, as if it had been run then; or once for each item that one of its blocks lists.
        </EmptyState>
      )}
      {list.length > 0 && (
        <div className="min-h-0 flex-1 overflow-y-auto">
          <ul aria-label="Backfills" className="divide-y divide-line border-t border-line">{list.map((one) => <Row key={one.id} one={one} />)}</ul>
        </div>
      )}
      {search.new && <NewBackfill pipeline={search.pipeline ?? ""} onClose={close} />}
    </div>
  );
}

function Row({ one }: { one: BackfillSummary }) {
  const { done, failed, share } = progressOf(one);
  return (
    <li>
      <Link to="/backfills/$backfill" params={{ backfill: String(one.id) }} className="flex items-center gap-4 px-4 py-2 hover:bg-s1">
        <span className="w-24 flex-none"><StatusBadge state={one.state === "initial" && one.started_at === null ? "not_started" : one.state} plain /></span>
        <span className="min-w-0 flex-1"><span className="block truncate font-medium">{one.name} <span className="font-normal text-muted">{one.pipeline}</span></span><span className="block truncate text-[12px] text-muted">{over(one)}</span></span>
        <span className="hidden w-40 sm:block">{one.total > 0 && <Progress value={share} label={`${done} of ${one.total} runs done`} />}</span>
        <span className="tabular w-28 flex-none text-right text-[12px]">{one.total > 0 && <>{count(done)} of {count(one.total)}{failed > 0 && <b className="text-failed"> {count(failed)} failed</b>}</>}</span>
        <span className="hidden w-20 flex-none text-right text-[12px] text-muted sm:block" title={dateTime(one.created_at)}>{ago(one.created_at)}</span>
      </Link>
    </li>
  );
}

/** What it goes over, in words. */
export function over(one: Pick<BackfillSummary, "block" | "start" | "end" | "interval_type" | "interval_units" | "time_zone" | "inclusive">): string {
  if (one.block) return `once for each item of ${one.block}`;
  const unit = one.interval_type === "custom" ? "second" : one.interval_type;
  const each = one.interval_units === 1 ? unit : `${one.interval_units} ${unit}s`;
  const day = (at: number | null) => (at === null ? "?" : wallClock(new Date(at * 1000).toISOString(), one.time_zone).replace("T", " ").replace(" 00:00", ""));
  return `every ${each} from ${day(one.start)} to ${day(one.end)}${one.inclusive ? ", included" : ""} (${one.time_zone})`;
}
