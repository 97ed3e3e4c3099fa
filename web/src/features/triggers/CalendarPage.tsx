import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { CalendarClock } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { useFurther } from "../../api/useFurther";
import { count } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { OF_TRIGGERS, SubPages } from "../../ui/SubPages";
import { TabBar } from "../../ui/Tabs";
import { hoursOf, lanesOf, strokes, type Lane } from "./calendar";
import { until } from "./list";
import { useCalendar } from "./queries";
import { short } from "./TriggerRow";

const route = getRouteApi("/calendar");
const SPANS = { day: { label: "24 hours", hours: 24, every: 3 }, week: { label: "7 days", hours: 168, every: 24 } } as const;
const LANE = 32;

/** What starts when: a lane for each trigger, its runs to come as strokes. */
export function CalendarPage() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/calendar" });
  const span = SPANS[search.span === "week" ? "week" : "day"];
  const zone = usePreferences((held) => held.zone);
  // The moment at which the page was opened, on the minute: the same question has the same answer.
  const [from] = useState(() => Math.floor(Date.now() / 60_000) * 60);
  const to = from + span.hours * 3600;
  const query = useCalendar(from, to);
  const { data, error, isPending, hasNextPage } = query;
  // Page by page: what is read later stands below.
  const lanes = useMemo(() => data?.pages.flatMap((page) => lanesOf(page.triggers, page.slots, page.dense)) ?? [], [data]);
  const ticks = useMemo(() => hoursOf(from, to, span.every, zone === "utc"), [from, to, span, zone]);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: lanes.length + (hasNextPage ? 1 : 0), getScrollElement: () => box.current, estimateSize: () => LANE, overscan: 10 });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useFurther(query, last >= lanes.length - 1);
  const total = data?.pages[0]?.total ?? 0;
  const share = (at: number) => `${(100 * (at - from)) / (to - from)}%`;
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-2 px-4 py-3">
        <h1 className="sr-only">Calendar</h1>
        <SubPages label="Triggers" pages={OF_TRIGGERS} />
        {total > lanes.length && <span className="tabular text-muted">{count(total)} triggers, those that start first on top</span>}
        <span className="ml-auto"><TabBar label="Stretch" tabs={Object.entries(SPANS).map(([value, { label }]) => ({ value, label }))} value={search.span === "week" ? "week" : "day"} onChange={(value) => void navigate({ search: value === "week" ? { span: "week" } : {}, replace: true })} /></span>
      </header>
      {error && <ErrorCard className="m-6" error={error} />}
      {!error && isPending && <div className="p-6"><Spinner label="Looking ahead" /></div>}
      {!error && data && lanes.length === 0 && !hasNextPage && (
        <EmptyState icon={<CalendarClock size={36} aria-hidden="true" />} title="Nothing is to start in this time" action={<Link to="/triggers" className="font-medium text-accent underline">Triggers</Link>}>
          Triggers that the clock starts, and that are on, have a lane here.
        </EmptyState>
      )}
      {lanes.length > 0 && (
        <>
          <div aria-hidden="true" className="flex h-6 flex-none border-b border-line text-meta text-muted">
            <span className="w-40 flex-none sm:w-64" />
            <div className="relative mr-4 flex-1">
              {ticks.map((at) => <span key={at} className="tabular absolute -translate-x-1/2 whitespace-nowrap leading-6 max-sm:[&:nth-child(even)]:hidden" style={{ left: share(at) }}>{tick(at, span.hours > 24, zone)}</span>)}
            </div>
          </div>
          <div ref={box} className="min-h-0 flex-1 overflow-y-auto">
            <ul aria-label="Triggers by time" style={{ height: virtual.getTotalSize(), position: "relative" }}>
              {items.map((item) => {
                const lane = lanes[item.index];
                if (!lane) return <li key="more" className="absolute inset-x-0 px-4 py-1" style={{ transform: `translateY(${item.start}px)` }}><Spinner label={`${count(lanes.length)} of ${count(total)} triggers; reading more`} /></li>;
                return (
                  <li key={lane.trigger.id} className="absolute inset-x-0" style={{ transform: `translateY(${item.start}px)`, height: item.size }}>
                    <LaneView lane={lane} from={from} to={to} ticks={ticks} zone={zone} />
                  </li>
                );
              })}
            </ul>
          </div>
        </>
      )}
    </div>
  );
}

function LaneView({ lane, from, to, ticks, zone }: { lane: Lane; from: number; to: number; ticks: readonly number[]; zone: "local" | "utc" }) {
  const [at, setAt] = useState<number | null>(null);
  const first = lane.slots[0] ?? from;
  const lines = ticks.map((tick) => `M${Math.round((10_000 * (tick - from)) / (to - from)) / 10} 0V20`).join("");
  const onMove = (event: React.MouseEvent<SVGSVGElement>) => {
    const area = event.currentTarget.getBoundingClientRect();
    const pointed = from + ((to - from) * (event.clientX - area.left)) / area.width;
    setAt(lane.slots.reduce((best, one) => (Math.abs(one - pointed) < Math.abs(best - pointed) ? one : best), first));
  };
  return (
    <Link to="/triggers/$trigger" params={{ trigger: String(lane.trigger.id) }} className="flex h-full items-center border-b border-s2 hover:bg-s1" aria-label={`${lane.trigger.name} ${lane.trigger.pipeline}: ${lane.dense ? "more than " : ""}${count(lane.slots.length)} ${lane.slots.length === 1 ? "run" : "runs"}, the first ${until(first)}`}>
      <span className="w-40 flex-none truncate pl-4 pr-2 sm:w-64" title={lane.trigger.words}><span className="font-medium">{lane.trigger.name}</span> <span className="text-muted">{lane.trigger.pipeline}</span></span>
      <svg aria-hidden="true" viewBox="0 0 1000 20" preserveAspectRatio="none" className="mr-4 h-5 min-w-0 flex-1 overflow-visible" onMouseMove={onMove} onMouseLeave={() => setAt(null)}>
        <rect width={1000} height={20} fill="transparent" />
        <path d={lines} stroke="var(--line)" strokeWidth={1} vectorEffect="non-scaling-stroke" />
        {/* So many that strokes would lie on each other: from the first of them on. */}
        {lane.dense && <rect x={(1000 * (first - from)) / (to - from)} width={(1000 * (to - first)) / (to - from)} y={3} height={14} fill="var(--accent)" opacity={0.55} />}
        <path d={lane.dense ? "" : strokes(lane.slots, from, to)} stroke="var(--accent)" strokeWidth={lane.slots.length > 150 ? 1.5 : 3} vectorEffect="non-scaling-stroke" />
        {at !== null && <title>{short(at, zone)}</title>}
      </svg>
    </Link>
  );
}

function tick(at: number, days: boolean, zone: "local" | "utc"): string {
  const options: Intl.DateTimeFormatOptions = days ? { weekday: "short", day: "numeric" } : { hour: "2-digit", minute: "2-digit", hour12: false };
  return new Date(at * 1000).toLocaleString("en-GB", zone === "utc" ? { ...options, timeZone: "UTC" } : options);
}
