import { useMemo, useState, type KeyboardEvent } from "react";
import { count } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { cx } from "../../ui/cx";
import { addressOf, type RunFilters } from "./filters";
import { daysOf, HOUR, hoursOf, hourWords, type Hour } from "./hours";
import { useHours } from "./queries";

const HEIGHT = 22;

/** The last week hour by hour: how much ran, and how much of that failed; an hour that is chosen narrows the list to it. */
export function HeatStrip({ filters, onChange }: { filters: RunFilters; onChange: (changes: RunFilters) => void }) {
  const { data } = useHours(filters);
  const zone = usePreferences((held) => held.zone);
  const hours = useMemo(() => (data ? hoursOf(data) : []), [data]);
  const days = useMemo(() => daysOf(hours, zone), [hours, zone]);
  const [at, setAt] = useState<number | null>(null);
  const total = hours.reduce((sum, hour) => sum + hour.total, 0);
  // The room is kept while they are counted: nothing moves under the pointer.
  if (!data) return <div className="hidden h-[62px] flex-none sm:block" />;
  const chosen = hours.findIndex((hour) => filters.since === "between" && edge(hour.at) === filters.from && edge(hour.at + HOUR) === filters.to);
  const failed = hours.reduce((sum, hour) => sum + hour.failed, 0);
  const pick = (index: number) => {
    const hour = hours[index];
    if (!hour) return;
    onChange(index === chosen ? { since: undefined, from: undefined, to: undefined } : { since: "between", from: edge(hour.at), to: edge(hour.at + HOUR) });
  };
  const onKey = (event: KeyboardEvent) => {
    const now = at ?? (chosen >= 0 ? chosen : hours.length - 1);
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, ArrowUp: now - 24, ArrowDown: now + 24, Home: 0, End: hours.length - 1 }[event.key];
    if (to !== undefined) setAt(Math.max(0, Math.min(to, hours.length - 1)));
    else if ((event.key === "Enter" || event.key === " ") && at !== null) pick(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const shown = hours[at ?? chosen];
  return (
    <section aria-label="Runs by the hour" className="hidden flex-none flex-col px-4 pb-2 sm:flex">
      <div
        role="listbox"
        aria-label="Hours of the last week"
        tabIndex={0}
        aria-activedescendant={at === null ? undefined : `hour-${at}`}
        className="flex gap-px"
        style={{ height: HEIGHT }}
        onKeyDown={onKey}
        onFocus={(event) => event.target.matches(":focus-visible") && setAt((held) => held ?? (chosen >= 0 ? chosen : hours.length - 1))}
        onBlur={() => setAt(null)}
        onMouseLeave={() => setAt(null)}
      >
        {hours.map((hour, index) => <Cell key={hour.at} hour={hour} index={index} words={hourWords(hour, zone)} chosen={index === chosen} here={index === at} onPoint={setAt} onPick={pick} />)}
      </div>
      <div className="relative h-4 text-meta text-muted" aria-hidden="true">
        {days.map(({ index, label }) => index < hours.length - 8 && <span key={index} className="tabular absolute whitespace-nowrap leading-4" style={{ left: `${(100 * index) / hours.length}%` }}>{label}</span>)}
      </div>
      <p role="status" className="tabular h-4 text-meta text-muted">{shown ? <b className="font-medium text-fg">{hourWords(shown, zone)}</b> : `${count(total)} ${total === 1 ? "run" : "runs"} in a week${failed > 0 ? `, ${count(failed)} failed` : ""}`}</p>
    </section>
  );
}

interface CellProps {
  hour: Hour;
  index: number;
  words: string;
  chosen: boolean;
  here: boolean;
  onPoint: (index: number) => void;
  onPick: (index: number) => void;
}

/** From the bottom what failed, at least so much that it is seen; above it what did not, the fuller the stronger. */
function Cell({ hour, index, words, chosen, here, onPoint, onPick }: CellProps) {
  const broken = hour.failed > 0 ? Math.max(0.3, hour.failed / hour.total) : 0;
  return (
    <span
      id={`hour-${index}`}
      role="option"
      aria-selected={chosen}
      aria-label={words}
      onMouseEnter={() => onPoint(index)}
      onClick={() => onPick(index)}
      className={cx("flex min-w-0 flex-1 flex-col overflow-hidden rounded-[1px] bg-s2", chosen && "outline outline-2 outline-accent", here && !chosen && "outline outline-1 outline-fg")}
    >
      {hour.total > hour.failed && <span className="min-h-0 flex-1" style={{ background: hour.open > 0 ? "var(--running)" : "var(--ok)", opacity: 0.25 + 0.75 * hour.heat }} />}
      {broken > 0 && <span className="mt-auto flex-none" style={{ height: `${100 * (hour.failed === hour.total ? 1 : broken)}%`, background: "var(--failed)", opacity: 0.5 + 0.5 * hour.heat }} />}
    </span>
  );
}

function edge(at: number): string {
  return addressOf(new Date(at * 1000).toISOString().slice(0, 16), "utc");
}
