import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { count } from "../../app/format";
import { Select } from "../../ui/fields";
import { dayRange, RunsByDay } from "../monitor/Charts";
import { STACK, totals } from "../monitor/model";
import { useMonitor } from "../monitor/queries";
import { Section } from "./Section";

const STRETCHES = [1, 7, 30, 90];

/** How many runs there were lately and how they ended, day by day; each figure leads to its runs. */
export function Totals() {
  const [days, setDays] = useState(7);
  const navigate = useNavigate();
  const { data } = useMonitor("", days);
  if (!data) return null;
  const found = totals(data.days);
  const first = data.days[0]?.day;
  const since = first ? { since: "between", from: `${first}T00:00Z` } : {};
  const words = STACK.filter(({ state }) => (found[state] ?? 0) > 0);
  return (
    <Section title="How runs ended" more={<Link to="/monitor" search={DAYS_OF_MONITOR.has(days) ? { days: String(days) } : {}} className="text-accent hover:underline">Monitor</Link>}>
      <div className="flex flex-wrap items-center gap-x-5 gap-y-1 px-3 pt-2">
        <Select aria-label="Stretch of the totals" value={days} onChange={(event) => setDays(Number(event.target.value))}>
          {STRETCHES.map((one) => <option key={one} value={one}>{one === 1 ? "Today (UTC)" : `Last ${one} days`}</option>)}
        </Select>
        {words.length === 0 && <span className="text-muted">No runs in that time.</span>}
        {words.map(({ state, word, colour }) => (
          <Link key={state} to="/runs" search={{ state, ...since }} className="inline-flex items-center gap-1.5 text-muted hover:text-fg">
            <span aria-hidden="true" className="h-2.5 w-2.5 rounded-[2px]" style={{ background: colour }} />
            <b className="tabular text-fg">{count(found[state] ?? 0)}</b> {word}
          </Link>
        ))}
      </div>
      {days > 1 && words.length > 0 && (
        <div className="px-3 pb-1 pt-2">
          <RunsByDay days={data.days} height={56} legend={false} onDay={(day) => void navigate({ to: "/runs", search: { since: "between", ...dayRange(day) } })} />
        </div>
      )}
      {(days === 1 || words.length === 0) && <div className="h-2" />}
    </Section>
  );
}

const DAYS_OF_MONITOR = new Set([7, 30, 90]);
