import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Search } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { cx } from "../../../ui/cx";
import { Kbd } from "../../../ui/Kbd";
import { edgeColour, kindOf, KINDS, languageOf } from "../notebook/kinds";
import { libraryQuery, templatesQuery } from "../queries";
import { addBlock } from "../session/changes";
import { useBlocks, useSession, useUi } from "../session/context";
import { useNavigation } from "../session/selection";
import type { AddRequest } from "../session/ui";
import { Preview } from "./Preview";
import { blankChoices, found, libraryChoices, templateChoices, type Choice } from "./choices";

const TYPES = ["data_loader", "transformer", "data_exporter", "custom", "sensor", "markdown", "scratchpad"];

/** The menu that adds a block: every type, every template, every block file of the project, searched by purpose. */
export function AddDialog() {
  const session = useSession();
  const adding = useUi((ui) => ui.adding);
  return (
    <Radix.Root open={adding !== null} onOpenChange={(open) => !open && session.ui.setState({ adding: null })}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/30" />
        <Radix.Content
          aria-describedby={undefined}
          // The new block takes the focus, not what opened this.
          onCloseAutoFocus={(event) => session.ui.getState().focus && event.preventDefault()}
          className="fixed left-1/2 top-[9vh] z-40 flex h-[min(600px,80vh)] w-[min(980px,calc(100vw-32px))] -translate-x-1/2 flex-col overflow-hidden rounded-card border border-line bg-s0 shadow-[var(--shadow)]"
        >
          <Radix.Title className="sr-only">{adding?.attached ? `Add a ${kindOf(adding.type ?? "").word.toLowerCase()}` : "Add a block"}</Radix.Title>
          {adding && <Choices adding={adding} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Choices({ adding }: { adding: AddRequest }) {
  const session = useSession();
  const { select } = useNavigation();
  const blocks = useBlocks();
  const templates = useQuery(templatesQuery);
  const library = useQuery(libraryQuery);
  const [search, setSearch] = useState("");
  const [type, setType] = useState(adding.type ?? "");
  const [active, setActive] = useState(0);
  const language = adding.language ?? "";
  const attached = adding.attached === true;
  const all = useMemo(
    () => [...blankChoices(attached), ...templateChoices(templates.data ?? []), ...libraryChoices(library.data ?? [], blocks)].filter((choice) => choice.attached === attached),
    [templates.data, library.data, blocks, attached],
  );
  const hits = useMemo(() => found(all, search, type, language), [all, search, type, language]);
  const [busy, setBusy] = useState(false);
  const choose = (choice: Choice | undefined) => {
    if (!choice || busy) return;
    setBusy(true);
    const upstream = choice.inputs < 0 || attached ? adding.upstream : adding.upstream.slice(0, choice.inputs);
    const place = attached ? { suggested: `${upstream[0]} ${choice.type === "conditional" ? "condition" : "callback"}` } : { after: adding.after };
    void addBlock(session, { ...choice.block, ...place, upstream }, select).then((added) => {
      setBusy(false);
      if (added) session.ui.setState({ adding: null });
    });
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step !== undefined) setActive((now) => Math.max(0, Math.min(hits.length - 1, now + step)));
    else if (event.key === "Enter") choose(hits[active]);
    else return;
    event.preventDefault();
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col" onKeyDown={onKey}>
      <div className="flex items-center gap-2 border-b border-line px-3 py-2">
        <Search size={15} className="text-muted" aria-hidden="true" />
        <input
          autoFocus
          value={search}
          onChange={(event) => {
            setSearch(event.target.value);
            setActive(0);
          }}
          placeholder={attached ? `What ${type === "conditional" ? `decides whether ${adding.upstream[0]} runs` : `is to happen after ${adding.upstream[0]}`}?` : "What should the block do? “postgres”, “csv”, “join”, “wait for a file”…"}
          aria-label="Search blocks and templates"
          role="combobox"
          aria-expanded="true"
          aria-controls="add-choices"
          aria-activedescendant={hits[active] ? `choice-${active}` : undefined}
          className="h-7 min-w-0 flex-1 bg-transparent text-[14px] !outline-none placeholder:text-muted"
        />
        <Kbd keys="Escape" />
      </div>
      <div className="flex flex-wrap gap-1 border-b border-line px-3 py-1.5" role="group" aria-label="Type of block">
        {(attached ? [adding.type ?? ""] : ["", ...TYPES]).map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={type === one}
            className={cx("rounded-control px-2 py-0.5 text-[12px]", type === one ? "bg-accent-soft font-semibold text-fg" : "text-muted hover:bg-s2 hover:text-fg")}
            onClick={() => {
              setType(one);
              setActive(0);
            }}
          >
            {one === "" ? "All" : (KINDS[one]?.word ?? one)}
          </button>
        ))}
      </div>
      <div className="flex min-h-0 flex-1">
        <List hits={hits} active={active} onActive={setActive} onChoose={choose} />
        {hits[active] && <Preview choice={hits[active]} />}
      </div>
      <p className="border-t border-line px-3 py-1.5 text-meta text-muted">
        {attached ? `Attached to ${adding.upstream.join(", ")}` : adding.after === null ? "At the top" : `After ${adding.after}`}
        {!attached && adding.upstream.length > 0 && `, taking its output where the type takes any`}
        <span className="float-right tabular">{hits.length} of {all.length}</span>
      </p>
    </div>
  );
}

interface ListProps {
  hits: Choice[];
  active: number;
  onActive: (index: number) => void;
  onChoose: (choice: Choice) => void;
}

function List({ hits, active, onActive, onChoose }: ListProps) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: hits.length, getScrollElement: () => box.current, estimateSize: () => 44, overscan: 6 });
  useEffect(() => {
    if (hits.length > 0) virtual.scrollToIndex(active);
  }, [active, hits.length, virtual]);
  if (hits.length === 0) return <p className="flex-1 p-4 text-muted">Nothing fits. Search for less, or begin with a blank Python block.</p>;
  return (
    <div ref={box} id="add-choices" role="listbox" aria-label="Blocks and templates" className="min-h-0 min-w-0 flex-1 overflow-y-auto p-1" tabIndex={-1}>
      <div className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const choice = hits[item.index];
          if (!choice) return null;
          const first = item.index === 0 || hits[item.index - 1]?.group !== choice.group;
          return (
            <div
              key={choice.id}
              id={`choice-${item.index}`}
              role="option"
              aria-selected={item.index === active}
              className={cx("absolute inset-x-0 flex h-11 items-center gap-3 rounded-control px-3", item.index === active && "bg-s2")}
              style={{ transform: `translateY(${item.start}px)`, boxShadow: `inset 3px 0 0 ${edgeColour({ type: choice.type, color: null })}` }}
              onMouseMove={() => item.index !== active && onActive(item.index)}
              onClick={() => onChoose(choice)}
            >
              <span className="w-9 flex-none text-center text-[10px] font-bold text-muted">{languageOf(choice.language).short}</span>
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium">{choice.title}{choice.needs && <span className="pl-2 text-meta font-normal text-stale">needs {choice.needs}</span>}</span>
                <span className="block truncate text-meta text-muted">{choice.detail}</span>
              </span>
              <span className="flex-none text-meta text-muted">{first ? choice.group : kindOf(choice.type).word}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
