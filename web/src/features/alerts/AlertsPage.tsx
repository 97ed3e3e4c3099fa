import { Link } from "@tanstack/react-router";
import { BellOff } from "lucide-react";
import type { AlertDetail } from "../../api/orchestration";
import { ago, dateTime } from "../../app/format";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Badge } from "../../ui/status";
import { OF_RUNS, SubPages } from "../../ui/SubPages";
import { KINDS } from "./model";
import { useAlerts, useAlertSettings } from "./queries";
import { Whom } from "./Whom";
import { Wording } from "./Wording";

/** Who is told of what, and what was told lately. */
export function AlertsPage() {
  const settings = useAlertSettings();
  const recent = useAlerts();
  const alerts = recent.data?.pages.flatMap((page) => page.alerts) ?? [];
  return (
    <div className="flex h-full flex-col">
      <header className="flex-none px-4 py-3">
        <h1 className="sr-only">Alerts</h1>
        <SubPages label="Runs" pages={OF_RUNS} />
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto border-t border-line">
        <div className="mx-auto flex max-w-4xl flex-col gap-8 p-4 sm:p-6">
          {settings.error ? <ErrorCard error={settings.error} /> : settings.data ? <><Whom settings={settings.data} /><Wording settings={settings.data} /></> : <Spinner label="Reading the settings" />}
          {/* Not before what stands above it is there: nothing moves under the pointer. */}
          {!settings.isPending && (
            <section>
              <h2 className="mb-1 text-[14px] font-semibold">Lately</h2>
              {recent.error ? <ErrorCard error={recent.error} /> : recent.isPending ? <Spinner label="Reading the alerts" /> : alerts.length === 0 ? (
                <EmptyState icon={<BellOff size={30} aria-hidden="true" />} title="No alerts yet">What goes wrong is told once for each incident, however many runs it hits.</EmptyState>
              ) : (
                <>
                  <ul className="overflow-hidden rounded-card border border-line">{alerts.map((alert) => <Alert key={alert.id} alert={alert} />)}</ul>
                  {recent.hasNextPage && <Button look="quiet" busy={recent.isFetchingNextPage} onClick={() => void recent.fetchNextPage()}>Show earlier ones</Button>}
                </>
              )}
            </section>
          )}
        </div>
      </div>
    </div>
  );
}

function Alert({ alert }: { alert: AlertDetail }) {
  const kind = KINDS[alert.kind] ?? { word: alert.kind, tone: undefined };
  const inside = (
    <>
      <span className="w-24 flex-none pt-px"><Badge tone={kind.tone}>{kind.word}</Badge></span>
      <span className="min-w-0 flex-1">
        <span className="block truncate"><span className="font-medium">{alert.pipeline}</span> <span className="text-muted">{alert.block || alert.trigger}</span> {alert.text}</span>
        <span className="block text-[12px] text-muted">
          {told(alert)}
          {alert.repeats > 0 && <>, {alert.repeats} more since</>}
          {alert.closed !== null && <>, over {ago(alert.closed)}</>}
        </span>
        {alert.deliveries.filter((one) => one.error).map((one) => <span key={one.channel} className="block text-[12px] text-failed">{one.channel}: {one.error}</span>)}
        {alert.error && <span className="block text-[12px] text-failed">{alert.error}</span>}
      </span>
      <span className="flex-none text-[12px] text-muted" title={dateTime(alert.at)}>{ago(alert.at)}</span>
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
function told(alert: AlertDetail): string {
  const of = (state: string) => alert.deliveries.filter((one) => one.state === state).map((one) => one.channel).join(", ");
  if (alert.state === "kept" || alert.deliveries.length === 0) return alert.state === "pending" ? "to be told" : "told nobody: no channel is to hear of it";
  const parts = [of("sent") && `told ${of("sent")}`, of("pending") && `still to be told: ${of("pending")}`, of("failed") && `could not tell ${of("failed")}`];
  return parts.filter(Boolean).join("; ");
}
