import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { CalendarClock, Plus, Search } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import type { TriggerSummary } from "../../api/orchestration";
import { useCommands, useKeyNotes } from "../../app/commands";
import { count } from "../../app/format";
import { useMinute } from "../../app/useMinute";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Progress, Spinner } from "../../ui/feedback";
import { Input, Select } from "../../ui/fields";
import { OF_TRIGGERS, SubPages } from "../../ui/SubPages";
import { NARROW, useMedia } from "../../ui/useMedia";
import { KINDS, PAGE, pagesOf, type Filters } from "./list";
import { useChangeTriggers, useTriggerPages } from "./queries";
import { COLUMNS, TriggerRow } from "./TriggerRow";

const route = getRouteApi("/triggers");
const ROW = 48;
/** When it runs stands below the name. */
const NARROW_ROW = 66;
const FIRST = [0];

/** Everything that starts runs, project-wide: what is broken first, then what comes next. */
export function TriggersPage() {
  const filters = route.useSearch();
  const navigate = useNavigate({ from: "/triggers" });
  const { activate, run, remove } = useChangeTriggers();
  const search = useRef<HTMLInputElement>(null);
  useMinute();
  const box = useRef<HTMLDivElement>(null);
  const [window, setWindow] = useState<readonly number[]>(FIRST);
  const { first: { data, error, isPending }, pages } = useTriggerPages(filters, window);
  const total = data?.total ?? 0;
  const row = (index: number) => pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  const height = useMedia(NARROW) ? NARROW_ROW : ROW;
  const virtual = useVirtualizer({ count: total, getScrollElement: () => box.current, estimateSize: () => height, overscan: 12, getItemKey: (index) => row(index)?.id ?? `row ${index}` });
  useEffect(() => {
    virtual.measure();
  }, [height, virtual]);
  const items = virtual.getVirtualItems();
  const looked = pagesOf(items[0]?.index ?? 0, items.at(-1)?.index ?? 0);
  const wanted = looked.join(" ");
  useEffect(() => {
    setWindow(wanted.split(" ").map(Number));
  }, [wanted]);
  // Another list begins at its top.
  const narrowed = JSON.stringify(filters);
  useEffect(() => {
    box.current?.scrollTo(0, 0);
  }, [narrowed]);
  const goal = useRef<number | null>(null);
  useEffect(() => {
    if (goal.current === null) return;
    const element = box.current?.querySelector<HTMLElement>(`[data-row="${goal.current}"]`);
    if (!element) return;
    goal.current = null;
    element.focus();
  });
  const create = () => void navigate({ to: "/triggers/new", search: filters.pipeline ? { pipeline: filters.pipeline } : {} });
  const set = (changes: Filters) => void navigate({ search: (held) => Object.fromEntries(Object.entries({ ...held, ...changes }).filter(([, value]) => value)), replace: true });
  useCommands([
    { id: "new-trigger", title: "New trigger", group: "Triggers", keys: ["N"], run: create },
    { id: "find-trigger", title: "Find a trigger", group: "Triggers", keys: ["/"], run: () => search.current?.focus() },
  ]);
  useKeyNotes("Triggers", [["The next trigger, the one before", "ArrowDown", "ArrowUp"], ["Open the trigger", "Enter"], ["Turn the trigger on or off", "Space"], ["Run the trigger now", "R"], ["Delete the trigger", "Delete"]]);
  if (error) return <ErrorCard className="m-6" error={error} />;
  const focus = (index: number) => {
    if (index < 0 || index >= total) return;
    virtual.scrollToIndex(index);
    goal.current = index; // as soon as its page is there
    requestAnimationFrame(() => {
      const element = box.current?.querySelector<HTMLElement>(`[data-row="${index}"]`);
      if (element && goal.current === index) goal.current = null;
      element?.focus();
    });
  };
  const drop = (index: number, trigger: TriggerSummary) => {
    // The focus stays in the list: it goes on to the row that takes the place.
    if (box.current?.contains(document.activeElement)) focus(index + 1 < total ? index + 1 : index - 1);
    remove.mutate({ id: trigger.id, name: trigger.name });
  };
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const at = (event.target as HTMLElement).closest<HTMLElement>("[data-row]")?.dataset.row;
    const to = at === undefined ? undefined : { ArrowDown: Number(at) + 1, ArrowUp: Number(at) - 1, Home: 0, End: total - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    focus(to);
  };
  const tags = data?.tags ?? NONE;
  const pipelines = data?.pipelines ?? NONE;
  const any = (data?.counts.everything ?? 0) > 0;
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-2 px-4 py-3">
        <h1 className="sr-only">Triggers</h1>
        <SubPages label="Triggers" pages={OF_TRIGGERS} />
        <span className="relative w-full sm:w-40">
          <Search size={13} aria-hidden="true" className="absolute left-2 top-[7px] text-muted" />
          <Input ref={search} value={filters.q ?? ""} onChange={(event) => set({ q: event.target.value })} onKeyDown={(event) => event.key === "ArrowDown" && focus(0)} placeholder="Name or schedule" aria-label="Find triggers" aria-keyshortcuts="/" className="!pl-7" />
        </span>
        <Choice label="State" none="On and off" value={filters.state} options={[["on", "On"], ["off", "Off"], ["problem", "With a problem"]]} onChange={(state) => set({ state })} />
        <Choice label="Started" none="Any start" value={filters.kind} options={Object.entries(KINDS).map(([kind, words]) => [kind, `Started ${words}`])} onChange={(kind) => set({ kind })} />
        {(pipelines.length > 1 || filters.pipeline) && <Choice label="Pipeline" none="All pipelines" value={filters.pipeline} options={[...new Set([...pipelines, ...(filters.pipeline ? [filters.pipeline] : [])])].map((one) => [one, one])} onChange={(pipeline) => set({ pipeline })} />}
        {tags.length > 0 && <Choice label="Tag" none="Any tag" value={filters.tag} options={tags.map((one) => [one, one])} onChange={(tag) => set({ tag })} />}
        <span className="ml-auto flex items-center gap-3">
          <span role="status" className="tabular text-muted" title="Triggers that are listed">{data ? count(total) : ""}<span className="sr-only"> listed</span></span>
          <Button look="primary" icon={<Plus size={14} aria-hidden="true" />} onClick={create}>New trigger</Button>
        </span>
      </header>
      {isPending && <div className="p-6"><Spinner label="Reading the triggers" /></div>}
      {data?.reading && <Reading done={data.reading.done} total={data.reading.total} />}
      {data && total === 0 && !(data.reading && !any) && <Nothing any={any} pipeline={filters.pipeline} onCreate={create} onAll={() => void navigate({ search: {} })} />}
      {total > 0 && (
        <div role="table" aria-label="Triggers" aria-rowcount={total + 1} className="flex min-h-0 flex-1 flex-col">
          <div role="row" aria-rowindex={1} className={`${COLUMNS} flex-none overflow-hidden border-b border-line py-1 text-meta font-semibold text-muted [scrollbar-gutter:stable]`}>
            <span role="columnheader"><span className="sr-only">On</span></span>
            <span role="columnheader">Trigger</span>
            <span role="columnheader" className="hidden md:block">Starts</span>
            <span role="columnheader" className="hidden md:block">Next run</span>
            <span role="columnheader" className="hidden md:block">Last run</span>
            <span role="columnheader" className="hidden md:block">Runs</span>
            <span role="columnheader"><span className="sr-only">Actions</span></span>
          </div>
          <div ref={box} role="rowgroup" className="min-h-0 flex-1 overflow-y-auto [scrollbar-gutter:stable]" onKeyDown={onKey}>
            <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
              {items.map((item) => {
                const trigger = row(item.index);
                if (!trigger) return <div key={item.key} role="row" aria-rowindex={item.index + 2} aria-busy="true" className="absolute inset-x-0 border-b border-s2 px-4 py-3" style={{ transform: `translateY(${item.start}px)`, height: item.size }}><span role="cell" className="block h-3 w-48 rounded bg-s2"><span className="sr-only">Reading</span></span></div>;
                return (
                  <div key={item.key} role="presentation" className="absolute inset-x-0" style={{ transform: `translateY(${item.start}px)`, height: item.size }}>
                    <TriggerRow trigger={trigger} index={item.index} onActivate={(active) => activate.mutate({ id: trigger.id, active })} onRun={() => run.mutate({ id: trigger.id, name: trigger.name })} onDelete={() => drop(item.index, trigger)} />
                  </div>
                );
              })}
            </div>
          </div>
        </div>
      )}
    </div>
  );
}

/** A server that has just been started looks at the files of thousands of pipelines. */
function Reading({ done, total }: { done: number; total: number }) {
  return (
    <div role="status" className="flex flex-none items-center gap-3 border-y border-line bg-s1 px-4 py-1.5">
      <span>{total > 0 ? `Reading the triggers of ${count(total)} pipelines; ${count(done)} are read. Those that are not listed yet start nothing until then.` : "Reading the triggers of the project"}</span>
      {total > 0 && <span className="w-40"><Progress value={done / total} label={`${count(done)} of ${count(total)}`} /></span>}
    </div>
  );
}

function Nothing({ any, pipeline, onCreate, onAll }: { any: boolean; pipeline?: string; onCreate: () => void; onAll: () => void }) {
  if (any && !pipeline) return <EmptyState title="No trigger meets that" action={<Button onClick={onAll}>Show all</Button>} />;
  return (
    <EmptyState
      icon={<CalendarClock size={36} aria-hidden="true" />}
      title={pipeline ? `Nothing starts ${pipeline} by itself yet` : "Nothing runs by itself yet"}
      action={<><Button look="primary" icon={<Plus size={14} aria-hidden="true" />} onClick={onCreate}>New trigger</Button>{any && <Button onClick={onAll}>Triggers of every pipeline</Button>}</>}
    >
      A trigger starts a pipeline: by the clock, when it is called over HTTP, on an event, or after another pipeline. It is kept in <code className="font-mono">triggers.yaml</code> of its pipeline. To run one over days that have passed, make a <Link to="/backfills" className="text-accent underline">backfill</Link>.
    </EmptyState>
  );
}

function Choice({ label, none, options, value, onChange }: { label: string; none: string; options: [string, string][]; value: string | undefined; onChange: (value: string) => void }) {
  return (
    <Select aria-label={label} value={value ?? ""} onChange={(event) => onChange(event.target.value)} className="max-w-28 max-sm:w-[calc(50%-4px)] max-sm:max-w-none">
      <option value="">{none}</option>
      {options.map(([key, words]) => <option key={key} value={key}>{words}</option>)}
    </Select>
  );
}

const NONE: never[] = [];
