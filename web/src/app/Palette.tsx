import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command, defaultFilter } from "cmdk";
import { Dialog as Radix } from "radix-ui";
import { useDeferredValue, useEffect, useRef, useState, type KeyboardEvent, type PointerEvent, type RefObject } from "react";
import { api } from "../api/client";
import { Kbd } from "../ui/Kbd";
import { allCommands, byGroup, type Command as Action } from "./commands";
import { choose, useHistory, type Chosen } from "./history";

interface Found {
  kind: "pipeline" | "block" | "file" | "product" | "template" | "text";
  title: string;
  detail: string;
  pipeline?: string | null;
  block?: string | null;
  path?: string | null;
  line?: number | null;
}

const KINDS: Record<Found["kind"], string> = { pipeline: "Pipelines", block: "Blocks", file: "Files", product: "Data", template: "Templates", text: "Text in files" };
const ITEM = "flex cursor-pointer items-center gap-2 rounded-control px-2 py-1.5 text-ui data-[selected=true]:bg-accent-soft";

/** Everything that can be done and found, by typing. */
export function Palette({ open, typed, onOpenChange }: { open: boolean; typed: RefObject<string>; onOpenChange: (open: boolean) => void }) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content aria-describedby={undefined} className="fixed left-1/2 top-[10vh] z-50 w-[calc(100vw-32px)] max-w-xl -translate-x-1/2 overflow-hidden rounded-card border border-line bg-s0 text-fg shadow-[var(--shadow)]">
          <Radix.Title className="sr-only">Commands</Radix.Title>
          <Search typed={typed} onDone={() => onOpenChange(false)} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const FOUND = "found:";

function foundValue({ kind, title, detail, line }: Found): string {
  return [FOUND, kind, title, detail, line ?? ""].join(" ");
}

/**
 * The server has searched already: its finds count, also those whose title does not hold the text. They come after a
 * command of that name, and before one that only has the letters somewhere.
 */
export function fits(value: string, search: string, keywords?: string[]): number {
  return value.startsWith(FOUND) ? 0.7 : defaultFilter(value, search, keywords);
}

/** Where a find leads. */
function placeOf({ kind, title, detail, pipeline, block, path, line }: Found): Chosen | undefined {
  if (kind === "product" && pipeline && block) return { title, detail, to: "/data/$pipeline/$block", params: { pipeline, block } };
  if (pipeline && (kind === "pipeline" || kind === "block")) return { title, detail, to: "/pipelines/$pipeline", params: { pipeline }, ...(block ? { search: { block } } : {}) };
  if (kind === "template" && path) return { title, detail, to: "/templates", search: { template: path } };
  if (path) return { title, detail, to: "/files", search: { path, ...(line ? { line } : {}) } };
  return undefined;
}

/** What was chosen before as it is offered again; a command only where there is one, under its name here. */
function offered(one: Chosen, commands: readonly Action[]): { one: Chosen; title: string; detail: string; keys?: string }[] {
  if (!("command" in one)) return [{ one, title: one.title, detail: one.detail }];
  const command = commands.find(({ id }) => id === one.command);
  return command ? [{ one, title: command.title, detail: command.group, keys: command.keys?.[0] }] : [];
}

const MOVES = new Set(["ArrowDown", "ArrowUp", "Home", "End"]);
/** With Control, as in a terminal. */
const LETTERS = new Set(["n", "p", "j", "k"]);

/**
 * Keeps the highlight on the first of the list, whatever comes above it later, until somebody moves it.
 *
 * The list is ranked by what draws it, and drawn again as finds arrive, so it is looked at as it stands.
 */
function useBest() {
  const root = useRef<HTMLDivElement>(null);
  const moved = useRef(false);
  useEffect(() => {
    const list = root.current;
    if (!list) return;
    const watch = new MutationObserver(() => {
      const first = list.querySelector("[cmdk-item]");
      // By its own key: a value that is set from outside would leave the input pointing at another line for those who hear it read.
      if (!moved.current && first && first.getAttribute("aria-selected") !== "true") list.dispatchEvent(new window.KeyboardEvent("keydown", { key: "Home", bubbles: true }));
    });
    watch.observe(list, { childList: true, subtree: true });
    return () => watch.disconnect();
  }, []);
  return {
    root,
    /** Something else is typed: what was moved to is no answer to that. */
    again: () => { moved.current = false; },
    onKeyDown: (event: KeyboardEvent) => { moved.current ||= event.isTrusted && (MOVES.has(event.key) || (event.ctrlKey && LETTERS.has(event.key))); },
    onPointerMove: (event: PointerEvent) => { moved.current ||= (event.target as Element).closest("[cmdk-item]") !== null; },
  };
}

function Search({ typed, onDone }: { typed: RefObject<string>; onDone: () => void }) {
  const [text, setText] = useState(typed.current);
  const query = useDeferredValue(text.trim());
  const navigate = useNavigate();
  const found = useQuery({
    queryKey: ["search", query],
    queryFn: ({ signal }) => api.get<{ items: Found[] }>("/search", { query: { q: query }, signal }),
    enabled: query.length > 1,
    gcTime: 0,
    staleTime: 0,
    placeholderData: (before) => before,
  });
  const commands = allCommands().filter(({ id, note }) => id !== "palette" && !note);
  const chosen = useHistory((held) => held.chosen);
  const last = query === "" ? chosen.flatMap((one) => offered(one, commands)) : [];
  const items = query.length > 1 ? (found.data?.items ?? []) : [];
  const go = (one: Chosen | undefined) => {
    onDone();
    if (one === undefined) return;
    choose(one);
    if ("command" in one) commands.find(({ id }) => id === one.command)?.run();
    else void navigate({ to: one.to, params: one.params, search: one.search });
  };
  const best = useBest();
  return (
    <Command ref={best.root} label="Commands" loop filter={fits} onKeyDown={best.onKeyDown} onPointerMove={best.onPointerMove}>
      <Command.Input autoFocus value={text} onValueChange={(now) => { best.again(); setText(now); }} placeholder="Type a command, or the name of a pipeline, block or file" className="h-11 w-full border-b border-line bg-transparent px-4 text-[14px] outline-none placeholder:text-muted" />
      <Command.List className="max-h-[55vh] overflow-y-auto p-1.5">
        <Command.Empty className="p-4 text-center text-muted">{found.isFetching ? "Searching…" : "Nothing of that name."}</Command.Empty>
        {last.length > 0 && (
          <Command.Group heading="Chosen last" className="text-meta text-muted">
            {last.map(({ one, title, detail, keys }) => (
              <Command.Item key={`${title} ${detail}`} value={`last: ${title} ${detail}`} onSelect={() => go(one)} className={ITEM}>
                <span className="min-w-0 flex-none truncate text-fg">{title}</span>
                <span className="min-w-0 flex-1 truncate text-muted">{detail}</span>
                {keys && <Kbd keys={keys} />}
              </Command.Item>
            ))}
          </Command.Group>
        )}
        {(Object.keys(KINDS) as Found["kind"][]).map((kind) => {
          const list = items.filter((item) => item.kind === kind);
          return list.length > 0 ? (
            <Command.Group key={kind} heading={KINDS[kind]} className="text-meta text-muted">
              {list.map((item) => (
                // Known by what it is, not by its place: what is chosen is the same, or gone, when other finds arrive.
                <Command.Item key={foundValue(item)} value={foundValue(item)} onSelect={() => go(placeOf(item))} className={ITEM}>
                  <span className="min-w-0 flex-none truncate text-fg">{item.title}</span>
                  <span className="min-w-0 flex-1 truncate text-muted">{item.detail}</span>
                </Command.Item>
              ))}
            </Command.Group>
          ) : null;
        })}
        {byGroup(commands).map(([group, list]) => (
          <Command.Group key={group} heading={group} className="text-meta text-muted">
            {list.map((command) => (
              <Command.Item key={command.id} value={`${command.title} ${group}`} onSelect={() => go({ command: command.id })} className={ITEM}>
                <span className="min-w-0 flex-1 truncate text-fg">{command.title}</span>
                {command.keys?.[0] && <Kbd keys={command.keys[0]} />}
              </Command.Item>
            ))}
          </Command.Group>
        ))}
      </Command.List>
    </Command>
  );
}
