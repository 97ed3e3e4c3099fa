/**
 * What was done in this browser, and what was chosen in the palette.
 *
 * Every request that changes something is written down by itself, in the words of `operations`. Kept by project in the
 * browser's storage, so that it outlives the page.
 */
import { create } from "zustand";
import { onWrite } from "../api/client";
import { operationOf, type Operation } from "./operations";

export interface Done extends Operation {
  id: string;
  /** Seconds since the epoch; of the last time when it was done several times in a row. */
  at: number;
  times: number;
  /** Why it was not done. */
  refused?: string;
}

/** A command by its id, or a place. */
export type Chosen = { command: string } | { title: string; detail: string; to: string; params?: Record<string, string>; search?: Record<string, string | number> };

const UNDO = "/undo/";
const MOST = 200;
const MOST_CHOSEN = 6;
/** What is saved again and again is one line, as long as nothing else comes between and no pause is longer than this, in seconds. */
const TOGETHER = 600;

interface History {
  /** The project that is open; nothing is stored before it is known. */
  project: string;
  /** The newest first. */
  done: Done[];
  chosen: Chosen[];
}

export const useHistory = create<History>(() => ({ project: "", done: [], chosen: [] }));

function key(project: string): string {
  return `penstock.history.${project}`;
}

function stored(project: string): Pick<History, "done" | "chosen"> {
  try {
    const { done, chosen } = JSON.parse(localStorage.getItem(key(project)) ?? "{}") as Partial<History>;
    return { done: Array.isArray(done) ? done : [], chosen: Array.isArray(chosen) ? chosen : [] };
  } catch {
    return { done: [], chosen: [] };
  }
}

/** Changes what is kept; another tab may have written since this one last looked. */
function change(by: (held: Pick<History, "done" | "chosen">) => Partial<History>): void {
  const { project, done, chosen } = useHistory.getState();
  const held = project ? stored(project) : { done, chosen };
  const next = { ...held, ...by(held) };
  useHistory.setState(next);
  try {
    if (project) localStorage.setItem(key(project), JSON.stringify({ done: next.done, chosen: next.chosen }));
  } catch {
    // A browser that stores nothing, or nothing more: the history lasts as long as the page.
  }
}

/** Goes on with the history of a project, and writes down what is done from here on; call the answer to end that. */
export function keepHistory(project: string): () => void {
  useHistory.setState({ project, ...stored(project) });
  const onStorage = (event: StorageEvent) => event.key === key(project) && useHistory.setState(stored(project));
  window.addEventListener("storage", onStorage);
  const stop = onWrite((write) => {
    const operation = operationOf(write);
    if (operation) record(operation, write.error?.message);
    if (!write.error && write.path.startsWith(UNDO)) takenBack(decodeURIComponent(write.path.slice(UNDO.length)));
  });
  return () => {
    window.removeEventListener("storage", onStorage);
    stop();
  };
}

function record(operation: Operation, refused: string | undefined): void {
  const at = Date.now() / 1000;
  change(({ done: [last, ...before] }) => {
    const again = last !== undefined && last.text === operation.text && last.pipeline === operation.pipeline && last.refused === refused && !operation.undo && at - last.at < TOGETHER;
    const one: Done = { ...operation, refused, at, id: again ? last.id : `${at}-${Math.random().toString(36).slice(2)}`, times: again ? last.times + 1 : 1 };
    return { done: [one, ...(again || last === undefined ? [] : [last]), ...before].slice(0, MOST) };
  });
}

/** What was taken back is not offered to be taken back again. */
function takenBack(token: string): void {
  change(({ done }) => ({ done: done.map((one) => (one.undo === token ? { ...one, undo: undefined } : one)) }));
}

export function forgetAll(): void {
  change(() => ({ done: [], chosen: [] }));
}

/** Keeps what was chosen in the palette, to be offered first. */
export function choose(one: Chosen): void {
  const name = nameOf(one);
  change(({ chosen }) => ({ chosen: [one, ...chosen.filter((other) => nameOf(other) !== name)].slice(0, MOST_CHOSEN) }));
}

function nameOf(one: Chosen): string {
  return "command" in one ? one.command : JSON.stringify([one.to, one.params, one.search]);
}
