import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { RefreshCw, ScrollText, Search, X } from "lucide-react";
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { FoundLine } from "../../api/orchestration";
import { useFurther } from "../../api/useFurther";
import { useCommands, useKeyNotes } from "../../app/commands";
import { count, dateTime } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { Button, IconButton } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Input, Select } from "../../ui/fields";
import { OF_RUNS, SubPages } from "../../ui/SubPages";
import { NARROW, useMedia } from "../../ui/useMedia";
import { pieces } from "../outputs/ansi";
import { usePipelines } from "../pipelines/queries";
import { SINCE } from "../runs/filters";
import { Between } from "../runs/Between";
import { useSoon } from "../triggers/useSoon";
import { useLogs, useNewLines, type LogFilters } from "./queries";

const route = getRouteApi("/logs");
const LEVELS: readonly [string, string][] = [["INFO", "Info and above"], ["WARNING", "Warnings, errors"], ["ERROR", "Errors"]];
const TONES: Record<string, string> = { ERROR: "text-failed", CRITICAL: "text-failed", WARNING: "text-stale", DEBUG: "text-muted" };
const ROW = 20;
/** Where it is from stands above the line. */
const NARROW_ROW = 38;

/** What every run has printed and logged, newest first, found by text, level, place and time; the line that is chosen beside it. */
export function LogsPage() {
  const filters = route.useSearch();
  const navigate = useNavigate({ from: "/logs" });
  const [text, setText] = useState(filters.q ?? "");
  const settled = useSoon(text, 300);
  const [chosen, setChosen] = useState<number | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const pipelines = usePipelines().data?.pipelines ?? [];
  const zone = usePreferences((held) => held.zone);
  const query = useLogs(filters);
  const { data, error, isPending, isFetching, hasNextPage, isPlaceholderData, refetch } = query;
  const lines = useMemo(() => data?.pages.flatMap((page) => page.lines) ?? [], [data]);
  const row = useMedia(NARROW) ? NARROW_ROW : ROW;
  const shift = useRef(0);
  const reading = () => chosen !== null || (box.current?.scrollTop ?? 0) > 0;
  useNewLines(filters, () => !reading(), (count) => {
    if (reading()) shift.current += count;
    setChosen((held) => (held === null ? null : held + count));
  });
  useLayoutEffect(() => {
    // What is read stays where it is; who stands at the top sees the newest line.
    if (box.current && shift.current !== 0) box.current.scrollTop += shift.current * row;
    shift.current = 0;
  }, [data]);
  const set = (changes: LogFilters) => {
    setChosen(null);
    void navigate({ search: (held) => Object.fromEntries(Object.entries({ ...held, ...changes }).filter(([, value]) => value)), replace: true });
  };
  const asked = useRef(text);
  useEffect(() => {
    asked.current = settled;
    if (settled !== (filters.q ?? "")) set({ q: settled });
    // What is typed is followed, not what the address is set to by it.
  }, [settled]);
  useEffect(() => {
    // Somebody has gone to another address: by a link, or back.
    if ((filters.q ?? "") === asked.current) return;
    asked.current = filters.q ?? "";
    setText(asked.current);
  }, [filters.q]);
  useCommands([
    { id: "logs.find", title: "Find in the logs", group: "Logs", keys: ["/"], run: () => search.current?.focus() },
    { id: "logs.again", title: "Read the logs again", group: "Logs", keys: ["R"], run: () => void refetch() },
  ]);
  useKeyNotes("Logs", [["The line below, the line above", "ArrowDown", "ArrowUp"], ["The newest line, the oldest that was read", "Home", "End"], ["Close the line", "Escape"]]);
  const virtual = useVirtualizer({ count: lines.length + (hasNextPage ? 1 : 0), getScrollElement: () => box.current, estimateSize: () => row, overscan: 30 });
  useEffect(() => {
    virtual.measure();
  }, [row, virtual]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useFurther(query, last >= lines.length - 1);
  const onKey = (event: KeyboardEvent) => {
    const to = { ArrowDown: (chosen ?? -1) + 1, ArrowUp: (chosen ?? 0) - 1, Home: 0, End: lines.length - 1 }[event.key];
    if (event.key === "Escape") setChosen(null);
    else if (to !== undefined && lines[to]) {
      setChosen(to);
      virtual.scrollToIndex(to);
    } else return;
    event.preventDefault();
  };
  const line = chosen === null ? null : (lines[chosen] ?? null);
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-2 px-4 py-3">
        <h1 className="sr-only">Logs</h1>
        <SubPages label="Runs" pages={OF_RUNS} />
        <span className="relative w-full sm:w-36">
          <Search size={13} aria-hidden="true" className="absolute left-2 top-[7px] text-muted" />
          <Input ref={search} value={text} onChange={(event) => setText(event.target.value)} placeholder="Find in what was logged" aria-label="Find in the logs" aria-keyshortcuts="/" className="!pl-7" />
        </span>
        <Select aria-label="Level" className="max-w-28" value={filters.level ?? ""} onChange={(event) => set({ level: event.target.value })}>
          <option value="">All levels</option>
          {LEVELS.map(([value, words]) => <option key={value} value={value}>{words}</option>)}
        </Select>
        <Select aria-label="Pipeline" className="max-w-32" value={filters.pipeline ?? ""} onChange={(event) => set({ pipeline: event.target.value, block: undefined })}>
          <option value="">Every pipeline</option>
          {pipelines.map(({ uuid }) => <option key={uuid}>{uuid}</option>)}
        </Select>
        <Input aria-label="Block" className="!w-28" placeholder="Any block" value={filters.block ?? ""} onChange={(event) => set({ block: event.target.value })} />
        <Select aria-label="Time" value={filters.since ?? ""} onChange={(event) => set({ since: event.target.value, from: undefined, to: undefined })}>
          <option value="">Any time</option>
          {SINCE.map((one) => <option key={one.value} value={one.value}>{one.label}</option>)}
          <option value="between">Between …</option>
        </Select>
        {filters.since === "between" && (
          <Between from={filters.from} to={filters.to} onChange={set} />
        )}
        {filters.run && <Button look="quiet" icon={<X size={13} aria-hidden="true" />} onClick={() => set({ run: undefined })}>One run only</Button>}
        <span className="ml-auto flex items-center gap-2">
          <span role="status" className="tabular text-[12px] text-muted">{data ? `${count(lines.length)} ${lines.length === 1 ? "line" : "lines"}${hasNextPage ? " so far" : ""}` : ""}</span>
          <IconButton label="Read again" keys="R" busy={isFetching} onClick={() => void refetch()}><RefreshCw size={14} aria-hidden="true" className={isFetching ? "animate-spin" : undefined} /></IconButton>
        </span>
      </header>
      {error ? <ErrorCard className="m-6" error={error} /> : isPending ? <div className="p-6"><Spinner label="Reading the logs" /></div> : lines.length === 0 && !hasNextPage ? (
        Object.keys(filters).length > 0 ? (
          <EmptyState icon={<ScrollText size={36} aria-hidden="true" />} title="No line meets that" action={<Button onClick={() => { setText(""); void navigate({ search: {} }); }}>Show all</Button>}>What blocks print and log is kept with their runs.</EmptyState>
        ) : (
          <EmptyState icon={<ScrollText size={36} aria-hidden="true" />} title="Nothing was logged yet" action={<Button onClick={() => void navigate({ to: "/pipelines" })}>Choose a pipeline to run</Button>}>What blocks print and log is kept with their runs, and shows here as it comes.</EmptyState>
        )
      ) : (
        <div aria-busy={isPlaceholderData} className={cx("flex min-h-0 flex-1 border-t border-line", isPlaceholderData && "opacity-60")}>
          <div ref={box} role="listbox" aria-label="Lines" tabIndex={0} aria-activedescendant={chosen === null ? undefined : `line-${chosen}`} onKeyDown={onKey} className="min-w-0 flex-1 overflow-y-auto font-mono text-code">
            <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
              {items.map((item) => {
                const one = lines[item.index];
                return (
                  <div
                    key={item.key}
                    id={`line-${item.index}`}
                    role="option"
                    aria-selected={item.index === chosen}
                    onClick={() => one && setChosen(item.index)}
                    className={cx("absolute inset-x-0 flex gap-3 px-4 leading-5 max-md:flex-wrap max-md:content-start max-md:gap-y-0 max-md:border-b max-md:border-s2 max-md:leading-[18px]", item.index === chosen ? "bg-accent-soft" : "hover:bg-s1")}
                    style={{ transform: `translateY(${item.start}px)`, height: row }}
                  >
                    {one ? (
                      <>
                        <span className="tabular flex-none text-muted">{dateTime(one.at, zone).replace(/^\d+ \w+ \d+, /, (day) => day.replace(/ \d{4}, $/, " "))}</span>
                        <span className="w-48 truncate text-muted max-md:min-w-0 max-md:flex-1 md:flex-none" title={`${one.pipeline} ${one.block}`}>{one.pipeline}{one.block && ` · ${one.block}`}</span>
                        <span className={cx("min-w-0 truncate max-md:w-full md:flex-1", TONES[one.level.toUpperCase()])}><Coloured text={one.text.slice(0, 2000)} /></span>
                      </>
                    ) : <Spinner label={lines.length === 0 ? "Searching further back" : "Reading more"} />}
                  </div>
                );
              })}
            </div>
          </div>
          {line && <Line line={line} zone={zone} onClose={() => setChosen(null)} onOnly={set} />}
        </div>
      )}
    </div>
  );
}

/** Text in the colours that its terminal codes ask for. */
function Coloured({ text }: { text: string }) {
  return pieces(text).map((piece, index) => <span key={index} style={{ color: piece.colour ?? undefined, fontWeight: piece.bold ? 600 : undefined }}>{piece.text}</span>);
}

/** One line in full: where it is from, and the way there. */
function Line({ line, zone, onClose, onOnly }: { line: FoundLine; zone: "local" | "utc"; onClose: () => void; onOnly: (filters: LogFilters) => void }) {
  return (
    <aside aria-label="The line" className="flex w-full max-w-md flex-none flex-col gap-3 overflow-y-auto border-l border-line p-3 max-md:absolute max-md:inset-x-0 max-md:bottom-0 max-md:max-h-[60%] max-md:max-w-none max-md:bg-s0">
      <div className="flex items-center justify-between"><b>{dateTime(line.at, zone)}</b><IconButton label="Close" onClick={onClose}><X size={14} aria-hidden="true" /></IconButton></div>
      <dl className="grid grid-cols-[70px_1fr] gap-y-1">
        <dt className="text-muted">Level</dt><dd>{line.level.toLowerCase()}{line.stream && <span className="text-muted"> ({line.stream})</span>}</dd>
        <dt className="text-muted">Pipeline</dt><dd><Link to="/pipelines/$pipeline" params={{ pipeline: line.pipeline }} search={line.block ? { block: line.block } : {}} className="text-accent hover:underline">{line.pipeline}</Link></dd>
        {line.block && <><dt className="text-muted">Block</dt><dd>{line.block}</dd></>}
        <dt className="text-muted">Run</dt><dd className="min-w-0 break-all"><Link to="/runs/$run" params={{ run: line.run }} search={line.block ? { block: line.block, tab: "logs" } : { tab: "logs" }} className="text-accent hover:underline">{line.run}</Link></dd>
      </dl>
      <pre tabIndex={0} className="min-h-0 overflow-auto whitespace-pre-wrap break-words rounded-control border border-line bg-s1 p-2 font-mono text-code"><Coloured text={line.text} /></pre>
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => onOnly({ run: line.run })}>Only this run</Button>
        {line.block && <Button onClick={() => onOnly({ pipeline: line.pipeline, block: line.block })}>Only this block</Button>}
      </div>
    </aside>
  );
}
