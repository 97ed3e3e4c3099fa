/**
 * Every action of the studio, by name: what the palette lists, what the key map shows, what keys do.
 *
 * Keys are written as "Mod+K" (Ctrl, or Cmd on a Mac), "Shift+Enter", "D D" (one after the other), "?".
 */
import { useEffect, useRef } from "react";
import { create } from "zustand";

export interface Command {
  id: string;
  title: string;
  group: string;
  keys?: string[];
  /** Whether its keys count while text is being typed. Those with Mod do by default. */
  inText?: boolean;
  /** False hides it and leaves its keys alone. */
  enabled?: boolean;
  /** Only told of in the key map: what has the focus takes these keys itself. */
  note?: boolean;
  run: () => void;
}

interface Registry {
  sets: Map<symbol, Command[]>;
}

export const useRegistry = create<Registry>(() => ({ sets: new Map() }));

export function allCommands(): Command[] {
  // What was registered last, the innermost view, comes first.
  return [...useRegistry.getState().sets.values()].reverse().flat().filter((command) => command.enabled !== false);
}

/** Register commands while a component is mounted; the newest closures are the ones that run. */
export function useCommands(commands: Command[]): void {
  const key = useRef(Symbol("commands"));
  const latest = useRef(commands);
  latest.current = commands;
  const shape = JSON.stringify(commands.map(({ id, title, group, keys, inText, enabled, note }) => [id, title, group, keys, inText, enabled, note]));
  useEffect(() => {
    const bound = latest.current.map((command, index) => ({ ...command, run: () => latest.current[index]?.run() }));
    useRegistry.setState(({ sets }) => ({ sets: new Map(sets).set(key.current, bound) }));
  }, [shape]);
  useEffect(() => {
    const own = key.current;
    return () =>
      useRegistry.setState(({ sets }) => {
        const rest = new Map(sets);
        rest.delete(own);
        return { sets: rest };
      });
  }, []);
}

/** Keys of lists and charts, which count while one has the focus: for the key map. */
export function useKeyNotes(group: string, notes: readonly [title: string, ...keys: string[]][]): void {
  useCommands(notes.map(([title, ...keys]) => ({ id: `note ${group} ${title}`, title, group, keys, note: true, run: () => undefined })));
}

const LAST = ["Studio", "Go to"];

/** By their groups: those of the page that is open first, those that are everywhere last. */
export function byGroup(commands: readonly Command[]): [string, Command[]][] {
  const groups = new Map<string, Command[]>();
  for (const command of commands) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  return [...groups].sort(([one], [other]) => LAST.indexOf(one) - LAST.indexOf(other));
}

const MAC = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);
/** Between two keys of a sequence, where the first one does something by itself; and where it stands for nothing else. */
const SEQUENCE_MS = 700;
const PATIENT_MS = 2000;

export function showKeys(keys: string): string {
  const arrows = keys.replace("ArrowUp", "↑").replace("ArrowDown", "↓").replace("ArrowLeft", "←").replace("ArrowRight", "→");
  return MAC ? arrows.replaceAll("Mod+", "⌘").replaceAll("Shift+", "⇧").replaceAll("Alt+", "⌥") : arrows.replaceAll("Mod", "Ctrl");
}

/** One key press in the form of `keys`. */
export function chordOf(event: KeyboardEvent): string {
  const parts: string[] = [];
  if (MAC ? event.metaKey : event.ctrlKey) parts.push("Mod");
  if (event.altKey) parts.push("Alt");
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  // "?" is typed with Shift on most keyboards: the character says enough, Shift is named for letters and named keys.
  if (event.shiftKey && (event.key.length > 1 || /[a-z]/i.test(event.key))) parts.push("Shift");
  parts.push(key === " " ? "Space" : key);
  return parts.join("+");
}

export function inText(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && Boolean(target.closest("input, textarea, select, [contenteditable='true'], .xterm"));
}

/** Whether a key means something to what has the focus: Enter and Space press buttons, and keys in a dialog are its own. */
function taken(target: EventTarget | null, chord: string): boolean {
  if (!(target instanceof HTMLElement) || chord.includes("Mod+")) return false;
  if (target.closest("[role='dialog'], [role='menu']")) return true;
  return (chord === "Enter" || chord === "Space") && Boolean(target.closest("button, a[href], summary, [role='button'], [role='option'], [role='tab'], [role='menuitem']"));
}

export class KeyHandler {
  private before = "";
  private at = 0;
  private patience = SEQUENCE_MS;

  constructor(private readonly commands: () => Command[] = allCommands) {}

  /** Run what the key stands for; whether it stood for anything. */
  handle(event: KeyboardEvent): boolean {
    if (event.defaultPrevented || ["Control", "Shift", "Alt", "Meta"].includes(event.key)) return false;
    const chord = chordOf(event);
    if (taken(event.target, chord)) return false;
    const typing = inText(event.target);
    const sequence = event.timeStamp - this.at < this.patience ? `${this.before} ${chord}` : "";
    this.before = typing ? "" : chord;
    this.at = event.timeStamp;
    const usable = this.commands().filter((command) => !command.note && (!typing || (command.inText ?? chord.startsWith("Mod+"))));
    const found = (sequence && usable.find((command) => command.keys?.includes(sequence))) || usable.find((command) => command.keys?.includes(chord));
    this.patience = found ? SEQUENCE_MS : PATIENT_MS;
    if (!found) return false;
    if (sequence && found.keys?.includes(sequence)) this.before = "";
    event.preventDefault();
    found.run();
    return true;
  }
}
