import { Link } from "@tanstack/react-router";
import { BellOff, CheckCircle2 } from "lucide-react";
import { useState } from "react";
import type { AlertDetail } from "../../api/orchestration";
import { ago, dateTime } from "../../app/format";
import { usePreferences, type Zone } from "../../app/preferences";
import { Button } from "../../ui/Button";
import { ErrorCard, Spinner } from "../../ui/feedback";
import { Badge } from "../../ui/status";
import { OF_RUNS, SubPages } from "../../ui/SubPages";
import { endOf, KINDS } from "./model";
import { useMute, useMutes } from "./mutes";
import { useAlerts, useAlertSettings } from "./queries";
import { Whom } from "./Whom";
import { Wording } from "./Wording";

const FIRST = 8;

/** What was told lately, what is muted, and who is told of what. */
export function AlertsPage() {
  const settings = useAlertSettings();
  const recent = useAlerts();
  const zone = usePreferences((held) => held.zone);
  const [most, setMost] = useState(FIRST);
  const alerts = recent.data?.pages.flatMap((page) => page.alerts) ?? [];
  const shown = alerts.slice(0, most);
  const more = () => {
    setMost(most + 50);
    if (alerts.length < most + 50 && recent.hasNextPage) void recent.fetchNextPage();
  };
  return (
    <div className="flex h-full flex-col">
      <header className="flex-none px-4 py-3">
        <h1 className="sr-only">Alerts</h1>
        <SubPages label="Runs" pages={OF_RUNS} />
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto border-t border-line">
        <div className="mx-auto flex max-w-4xl flex-col gap-8 p-4 sm:p-6">
          <section>
            <h2 className="mb-1 text-[14px] font-semibold">Lately</h2>
            {recent.error ? <ErrorCard error={recent.error} /> : recent.isPending ? <Spinner label="Reading the alerts" /> : alerts.length === 0 ? (
              <p className="flex items-center gap-2 rounded-card border border-line px-3 py-2 text-muted"><CheckCircle2 size={15} className="flex-none text-ok" aria-hidden="true" />Nothing yet: what goes wrong in runs that triggers start is listed here, and told once for each incident, however many runs it hits.</p>
            ) : (
              <>
                <ul className="overflow-hidden rounded-card border border-line">{shown.map((alert) => <Alert key={alert.id} alert={alert} zone={zone} />)}</ul>
                {(alerts.length > shown.length || recent.hasNextPage) && <Button look="quiet" busy={recent.isFetchingNextPage} onClick={more}>Show earlier ones</Button>}
              </>
            )}
          </section>
          {/* Not before what stands above it is there: nothing moves under the pointer. */}
          {!recent.isPending && <Muted zone={zone} />}
          {!recent.isPending && settings.isPending && <Spinner label="Reading the settings" />}
          {!recent.isPending && settings.error && <ErrorCard error={settings.error} />}
          {/* What is typed outlives a file that cannot be read for a moment. */}
          {!recent.isPending && settings.data && <><Whom settings={settings.data} /><Wording settings={settings.data} /></>}
        </div>
      </div>
    </div>
  );
}

/** What is told to nobody for a while, each to be had back. */
function Muted({ zone }: { zone: Zone }) {
  const { data } = useMutes();
  const mute = useMute();
  if (!data || data.mutes.length === 0) return null;
  return (
    <section>
      <h2 className="mb-1 text-[14px] font-semibold">Muted</h2>
      <ul className="overflow-hidden rounded-card border border-line">
        {data.mutes.map((one) => (
          <li key={`${one.pipeline} ${one.block}`} className="flex items-center gap-3 border-b border-s2 px-3 py-1.5 last:border-b-0">
            <BellOff size={14} aria-hidden="true" className="flex-none text-muted" />
            <span className="min-w-0 flex-1 truncate"><span className="font-medium">{one.pipeline}</span> <span className="text-muted">{one.block || "everything about it"}</span></span>
            <span className="flex-none text-[12px] text-muted">until {dateTime(one.until, zone)}</span>
            <Button busy={mute.isPending} onClick={() => mute.mutate({ ...one, until: null })}>Tell again</Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Alert({ alert, zone }: { alert: AlertDetail; zone: Zone }) {
  const kind = KINDS[alert.kind] ?? { word: alert.kind, tone: undefined };
  const over = endOf(alert);
  const inside = (
    <>
      <span className="w-24 flex-none pt-px"><Badge tone={kind.tone}>{kind.word}</Badge></span>
      <span className="min-w-0 flex-1">
        <span className="block truncate"><span className="font-medium">{alert.pipeline}</span> <span className="text-muted">{alert.block || alert.trigger}</span> {alert.text}</span>
        <span className="block text-[12px] text-muted">
          {told(alert, zone)}
          {alert.repeats > 0 && <>, {alert.repeats} more since</>}
          {over !== null && <>, over {ago(over)}</>}
        </span>
        {alert.deliveries.filter((one) => one.error).map((one) => <span key={one.channel} className="block text-[12px] text-failed">{one.channel}: {one.error}</span>)}
        {alert.error && <span className="block text-[12px] text-failed">{alert.error}</span>}
      </span>
      <span className="flex-none text-[12px] text-muted" title={dateTime(alert.at, zone)}>{ago(alert.at)}</span>
    </>
  );
  const line = "flex items-start gap-3 px-3 py-1.5";
  return (
    <li className="border-b border-s2 last:border-b-0">
      {alert.run ? <Link to="/runs/$run" params={{ run: alert.run }} search={alert.block ? { block: alert.block } : {}} className={`${line} hover:bg-s1`}>{inside}</Link> : <span className={line}>{inside}</span>}
    </li>
  );
}

/** How its messages stand, in words. */
function told(alert: AlertDetail, zone: Zone): string {
  if (alert.state === "muted") return `told nobody: muted until ${dateTime(alert.muted_until ?? alert.at, zone)}`;
  const of = (state: string) => alert.deliveries.filter((one) => one.state === state).map((one) => one.channel).join(", ");
  if (alert.state === "kept" || alert.deliveries.length === 0) return alert.state === "pending" ? "to be told" : "told nobody: no channel is to hear of it";
  const parts = [of("sent") && `told ${of("sent")}`, of("pending") && `still to be told: ${of("pending")}`, of("failed") && `could not tell ${of("failed")}`];
  return parts.filter(Boolean).join("; ");
}
