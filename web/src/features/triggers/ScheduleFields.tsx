import { Field, Input, Select } from "../../ui/fields";
import { MomentInput } from "../../ui/MomentInput";
import { problemsOf, type Draft } from "./draft";
import { FigureField, Toggle } from "./FormParts";
import { canLand, OFTEN, STEPS, timeOf, twoDigits, WEEKDAYS, written, type Often, type Spoken } from "./schedule";
import { ZoneInput } from "./ZoneInput";

const TIMED: readonly Often[] = ["daily", "weekly", "monthly"];

interface Props {
  draft: Draft;
  onChange: (changes: Partial<Draft>) => void;
}

/** When the clock starts it. */
export function ScheduleFields({ draft, onChange }: Props) {
  const { said } = draft;
  const problems = problemsOf(draft);
  const say = (changes: Partial<Spoken>) => onChange({ said: { ...said, ...changes } });
  const landable = canLand(written(said));
  return (
    <>
      <div className="flex flex-wrap gap-3">
        <Field label="How often">
          {(id) => (
            <Select id={id} value={said.often} onChange={(event) => say({ often: event.target.value as Often, ...(event.target.value === "cron" && said.often !== "cron" ? { cron: toCron(said) } : {}) })}>
              {OFTEN.map((one) => <option key={one.value} value={one.value}>{one.label}</option>)}
            </Select>
          )}
        </Field>
        {said.often === "minutes" && (
          <Field label="Minutes between runs">
            {(id) => <Select id={id} value={said.every} onChange={(event) => say({ every: Number(event.target.value) })}>{STEPS.map((step) => <option key={step}>{step}</option>)}</Select>}
          </Field>
        )}
        {said.often === "hourly" && (
          <Field label="Minutes past the hour">
            {(id) => <Input id={id} type="number" min={0} max={59} className="!w-20" value={said.minute} onChange={(event) => say({ minute: Math.min(59, Math.max(0, Math.trunc(Number(event.target.value)) || 0)) })} />}
          </Field>
        )}
        {said.often === "monthly" && (
          <Field label="Day of the month" hint={said.day > 28 ? "Months that are shorter are left out." : undefined}>
            {(id) => <Select id={id} value={said.day} onChange={(event) => say({ day: Number(event.target.value) })}>{Array.from({ length: 31 }, (_, index) => <option key={index}>{index + 1}</option>)}</Select>}
          </Field>
        )}
        {TIMED.includes(said.often) && (
          <Field label="At">
            {(id) => <Input id={id} type="time" className="!w-28" value={`${twoDigits(said.hour)}:${twoDigits(said.minute)}`} onChange={(event) => say(timeOf(event.target.value) ?? {})} />}
          </Field>
        )}
        {said.often === "cron" && (
          <Field label="Cron expression" hint="Minute, hour, day of the month, month, day of the week.">
            {(id) => <Input id={id} className="!w-56 font-mono" spellCheck={false} value={said.cron} onChange={(event) => say({ cron: event.target.value })} />}
          </Field>
        )}
        <Field label="Time zone" hint="Its summer time is followed.">
          {(id) => (
            <ZoneInput id={id} value={draft.zone} onChange={(zone) => onChange({ zone })} />
          )}
        </Field>
      </div>
      {said.often === "weekly" && (
        <fieldset>
          <legend className="mb-1 font-medium">On</legend>
          <div className="flex flex-wrap gap-x-4 gap-y-1">
            {[1, 2, 3, 4, 5, 6, 0].map((day) => (
              <label key={day} className="inline-flex items-center gap-1.5">
                <input type="checkbox" aria-invalid={problems.said !== undefined} checked={said.days.includes(day)} onChange={(event) => say({ days: event.target.checked ? [...said.days, day] : said.days.filter((one) => one !== day) })} />
                {WEEKDAYS[day]}
              </label>
            ))}
          </div>
          {problems.said && <p role="alert" className="text-[12px] text-failed">{problems.said}</p>}
        </fieldset>
      )}
      <div className="flex flex-wrap gap-3">
        <Field label={draft.landing && landable ? "Ready by" : "Not before"} hint={draft.landing && landable ? "Runs are started early enough to have ended by this time of day, as long as the last ones took." : "No run is for a time before this. Empty: from now on."} error={problems.start}>
          {(id) => <MomentInput id={id} className="!w-56" value={draft.start} aria-invalid={problems.start !== undefined} onChange={(start) => onChange({ start })} />}
        </Field>
        {said.often !== "always" && said.often !== "once" && (
          <Field label="Runs that were missed" hint="While Penstock was not running, or could not start them.">
            {(id) => (
              <Select id={id} value={draft.missed} onChange={(event) => onChange({ missed: event.target.value })}>
                <option value="last">Start the last one</option>
                <option value="all">Start all of them</option>
                <option value="none">Leave them out</option>
              </Select>
            )}
          </Field>
        )}
        {draft.missed === "all" && said.often !== "always" && said.often !== "once" && (
          <FigureField label="But at most" placeholder="100" value={draft.missedLimit} onChange={(missedLimit) => onChange({ missedLimit })} />
        )}
      </div>
      {landable && <Toggle label="Have it ready by a time" hint="Starts each run so much earlier that it has ended by then." checked={draft.landing} onChange={(landing) => onChange({ landing })} />}
      <Toggle label="Run once for the time that has begun already" hint="Otherwise the first run is for the first time after it was turned on." checked={draft.initialRun} onChange={(initialRun) => onChange({ initialRun })} />
    </>
  );
}

/** What was chosen so far as an expression, to go on from. */
function toCron(said: Spoken): string {
  const known: Record<string, string> = { "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 1", "@monthly": "0 0 1 * *" };
  const text = written(said);
  return known[text] ?? (text.startsWith("@") ? said.cron : text);
}
