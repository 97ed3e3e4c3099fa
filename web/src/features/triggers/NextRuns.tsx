import { AlertTriangle, CalendarClock } from "lucide-react";
import { capital } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { useMinute } from "../../app/useMinute";
import { Spinner } from "../../ui/feedback";
import type { Body } from "./draft";
import { until } from "./list";
import { usePreview } from "./queries";
import { useSoon } from "./useSoon";

/** The next ten times at which the trigger starts a run, as the form stands now; a `problem` of the form stands for them. */
export function NextRuns({ body, zone, problem = "" }: { body: Body; zone: string; problem?: string }) {
  const shown = usePreferences((held) => held.zone);
  useMinute();
  // What can be told of is asked about; the name does not change when it starts.
  const text = useSoon(JSON.stringify({ ...body, name: body.name || "new", pipeline: body.pipeline }), 250);
  const asked = JSON.parse(text) as Body;
  const asks = Boolean(asked.pipeline) || asked.kind === "time";
  const { data: told, error: refused, isPending } = usePreview(asks && !problem ? asked : null);
  const data = asks && !problem ? told : undefined; // what was told of another kind stays held until the next answer
  const error = problem ? null : refused;
  const words = problem || (error ? error.message : data?.problem);
  return (
    <section aria-label="Next runs" className="flex flex-col gap-2">
      <h2 className="text-[14px] font-semibold">Next runs</h2>
      <div role="status" className="flex flex-col gap-2">
        {data && !error && data.words && <p className="flex items-center gap-2"><CalendarClock size={14} aria-hidden="true" className="flex-none text-muted" />{capital(data.words)}</p>}
        {words && <p className="flex gap-2 text-failed"><AlertTriangle size={14} aria-hidden="true" className="mt-0.5 flex-none" /><span>{words}</span></p>}
        {isPending && !problem && asked.kind === "time" && <Spinner label="Looking ahead" />}
      </div>
      {data && !error && data.upcoming.length > 0 && (
        <ol className="overflow-hidden rounded-card border border-line">
          {data.upcoming.map((at) => (
            <li key={at} className="tabular flex justify-between gap-3 border-b border-s2 px-3 py-1 last:border-b-0">
              <span>{inZone(at, zone)}</span>
              <span className="text-muted" title={shown === "utc" ? `${inZone(at, "UTC")} UTC` : undefined}>{until(at)}</span>
            </li>
          ))}
        </ol>
      )}
      {data && !error && data.upcoming.length === 0 && !words && asked.kind === "time" && <p className="text-muted">It starts no more runs.</p>}
    </section>
  );
}

function inZone(at: number, zone: string): string {
  const options: Intl.DateTimeFormatOptions = { weekday: "short", year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false };
  try {
    return new Date(at * 1000).toLocaleString("en-GB", { ...options, timeZone: zone });
  } catch {
    return new Date(at * 1000).toLocaleString("en-GB", { ...options, timeZone: "UTC" });
  }
}
