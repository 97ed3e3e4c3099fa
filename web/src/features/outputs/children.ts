import type { BlockDetail, BlockRun } from "../../api/types";
import { count } from "../../app/format";
import { lookOf } from "../../ui/status";

type Fanning = Pick<BlockDetail, "uuid" | "upstream" | "configuration">;

/** Some blocks, all of them or none. */
type Choice = ReadonlySet<string> | boolean;

/** What a configuration may write for yes. */
const YES = new Set<unknown>([true, 1, "true", "True", "yes"]);

/** What it may write for no; any other text names one block, where blocks are named. */
const NO = new Set<unknown>(["", "false", "False", "no", "None", "null", "0"]);

function choice(value: unknown, named = true): Choice {
  if (Array.isArray(value)) return value.length > 0 && new Set(value.map(String));
  if (named && typeof value === "string" && !YES.has(value) && !NO.has(value)) return new Set([value]);
  return YES.has(value);
}

const has = (chosen: Choice, block: string) => (typeof chosen === "boolean" ? chosen : chosen.has(block));

/** What a block says of those below it and above it, in both forms that a configuration has for it. */
function settingsOf({ configuration }: Fanning): { parent: Choice; reduce: Choice[]; above: Choice } {
  const given = configuration.dynamic;
  const reduce = choice(configuration.reduce_output);
  if (typeof given !== "object" || given === null || Array.isArray(given)) return { parent: choice(given, false), reduce: [reduce], above: choice(configuration.reduce_output_upstream) };
  const map = given as Record<string, unknown>;
  return { parent: choice(map.parent), reduce: [reduce, choice(map.reduce_output)], above: choice(map.reduce_output_upstream) };
}

/** The blocks that run once for each item: those below a dynamic block, and below such a one whose output is not reduced. */
export function fannedOut(blocks: readonly Fanning[]): ReadonlySet<string> {
  const known = new Map(blocks.map((block) => [block.uuid, block]));
  const found = new Map<string, boolean>();
  const fans = (block: Fanning): boolean => {
    const told = found.get(block.uuid);
    if (told !== undefined) return told;
    found.set(block.uuid, false); // what depends on itself is no pipeline, and must end here
    const { above } = settingsOf(block);
    const answer = block.upstream.some((uuid) => {
      const parent = known.get(uuid);
      if (!parent) return false;
      const theirs = settingsOf(parent);
      if (has(theirs.parent, block.uuid)) return true;
      return fans(parent) && !theirs.reduce.some((one) => has(one, block.uuid)) && !has(above, uuid);
    });
    found.set(block.uuid, answer);
    return answer;
  };
  return new Set(blocks.filter(fans).map((block) => block.uuid));
}

/** The children of a block, in the order in which they came. */
export function childrenOf(blocks: readonly BlockRun[], block: string): BlockRun[] {
  return blocks.filter((one) => one.block.startsWith(`${block}:`));
}

/** How many stand how: "3 children: 2 done, 1 failed". */
export function tally(children: readonly BlockRun[]): string {
  const counts = new Map<string, number>();
  for (const { state } of children) {
    const { word } = lookOf(state);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const words = [...counts].map(([word, many]) => `${count(many)} ${word}`).join(", ");
  return `${count(children.length)} ${children.length === 1 ? "child" : "children"}: ${words}`;
}
