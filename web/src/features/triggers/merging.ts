/** A form over a trigger that others change meanwhile. */
import type { Draft, VariableLine } from "./draft";

/** What the form calls its fields. */
const WORDS: Record<keyof Draft, string> = {
  pipeline: "pipeline", name: "name", description: "description", tags: "tags", kind: "what starts it", said: "how often", start: "first time", active: "switch", zone: "time zone",
  missed: "missed runs", missedLimit: "missed runs", after: "what it waits for", matchers: "events", secret: "secret of calls", tolerance: "age of calls", variables: "variables",
  skipIfRunning: "leaving runs out", allowToFail: "blocks that fail", initialRun: "first run", landing: "being ready by a time", runLimit: "runs at once", onLimit: "a run too many",
  priority: "priority", timeout: "time limit", timeoutStatus: "time limit", sla: "SLA", envs: "environments",
};

export interface Merged {
  draft: Draft;
  /** What was typed here and changed there as well, in words; what was typed stays. */
  both: string[];
}

/** The form over the trigger as it is `now`: what was typed since `held` stays, everything else is as it is now. */
export function mergedDraft(held: Draft, typed: Draft, now: Draft): Merged {
  const both = new Set<string>();
  const draft: Draft = { ...now };
  const take = <Key extends keyof Draft>(key: Key) => {
    if (key === "variables" || same(held[key], typed[key])) return;
    draft[key] = typed[key];
    if (!same(held[key], now[key]) && !same(typed[key], now[key])) both.add(WORDS[key]);
  };
  (Object.keys(now) as (keyof Draft)[]).forEach(take);
  draft.variables = same(held.variables, typed.variables) ? now.variables : mergedLines(held.variables, typed.variables, now.variables, (name) => both.add(`${WORDS.variables} (${name})`));
  return { draft, both: [...both] };
}

function mergedLines(held: VariableLine[], typed: VariableLine[], now: VariableLine[], tell: (name: string) => void): VariableLine[] {
  const text = (lines: VariableLine[], name: string) => lines.find((one) => one.name.trim() === name)?.text;
  const changedHere = (name: string) => text(held, name) !== text(typed, name);
  const changedThere = (name: string) => text(held, name) !== text(now, name);
  const names = new Set([...held, ...typed, ...now].map((one) => one.name.trim()).filter(Boolean));
  for (const name of names) if (changedHere(name) && changedThere(name) && text(typed, name) !== text(now, name)) tell(name);
  const kept = typed.flatMap((line) => {
    const name = line.name.trim();
    if (!name || changedHere(name) || !changedThere(name)) return [line];
    const other = now.find((one) => one.name.trim() === name);
    return other ? [{ ...other, key: line.key }] : [];
  });
  const added = now.filter(({ name }) => text(held, name.trim()) === undefined && text(typed, name.trim()) === undefined);
  return [...kept, ...added];
}

/** The same to whoever reads the form; lines have numbers only so that they can be told apart while they are drawn. */
function same(left: unknown, right: unknown): boolean {
  const plain = (value: unknown) => JSON.stringify(value, (name, part: unknown) => (name === "key" ? undefined : part));
  return plain(left) === plain(right);
}
