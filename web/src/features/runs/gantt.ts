/** When each block of a run ran, and which of them the run had to wait for. Children of a block are one row until opened. */

export interface Bar {
  block: string;
  state: string;
  /** Seconds from the start of the run. */
  queued: number;
  started: number | null;
  ended: number | null;
  /** From when on it waits for its next attempt. */
  waits: number | null;
  /** It was done before the run began: it was kept from an earlier try. */
  before: boolean;
  critical: boolean;
  /** A child, under the row of its block. */
  child: boolean;
  /** For a block that ran many times: its children. */
  group: Group | null;
}

export interface Group {
  count: number;
  failed: number;
  done: number;
  open: boolean;
  /** How many took how long, in equal steps up to the longest. */
  histogram: number[];
  longest: number;
}

interface Timed {
  block: string;
  state: string;
  queued: number | null;
  started: number | null;
  ended: number | null;
  upstream: readonly string[];
  waits?: { since: number; due: number } | null;
}

/** The block that a child belongs to: `block:label` in a run that has `block`. */
export function parentOf(block: string, there: { has(name: string): boolean }): string | null {
  const at = block.indexOf(":");
  const parent = at > 0 ? block.slice(0, at) : "";
  return parent && there.has(parent) ? parent : null;
}

/** The children of a block; those that failed come first, for they are what one looks for. */
export function childrenOf<T extends { block: string; state: string }>(block: string, blocks: readonly T[]): T[] {
  const own = blocks.filter((one) => one.block.startsWith(`${block}:`));
  return [...own.filter((one) => one.state === "failed"), ...own.filter((one) => one.state !== "failed")];
}

/** Blocks, and the children of each. */
export function families<T extends { block: string }>(blocks: readonly T[]): { heads: T[]; children: Map<string, T[]> } {
  const names = new Set(blocks.map((block) => block.block));
  const children = new Map<string, T[]>();
  const heads: T[] = [];
  for (const block of blocks) {
    const parent = parentOf(block.block, names);
    if (parent === null) heads.push(block);
    else {
      const held = children.get(parent);
      if (held) held.push(block);
      else children.set(parent, [block]);
    }
  }
  return { heads, children };
}

export function barsOf(begun: number, now: number, blocks: readonly Timed[], opened: ReadonlySet<string> = NONE): { bars: Bar[]; length: number } {
  const { heads: found, children } = families(blocks);
  const heads = found.map((block) => spanning(block, children.get(block.block)));
  const critical = criticalPath(heads, now);
  const ends = new Map(heads.map((block) => [block.block, block.ended ?? begun]));
  const bar = (block: Timed, child: boolean, group: Group | null): Bar => {
    // A run that is tried again keeps what was done before it began once more.
    const before = block.ended !== null && block.ended < begun;
    return {
      block: block.block,
      state: block.state,
      queued: Math.max(0, waitsFrom(block, ends, begun) - begun),
      started: block.started === null || before ? null : Math.max(0, block.started - begun),
      ended: block.started === null || before ? null : (block.ended ?? now) - begun,
      waits: block.waits && block.started !== null ? Math.max(0, block.waits.since - begun) : null,
      before: before && block.started !== null,
      critical: !child && !before && critical.has(block.block),
      child,
      group,
    };
  };
  const rows = heads.map((block) => {
    const own = children.get(block.block);
    return bar(block, false, own ? groupOf(own, now, opened.has(block.block)) : null);
  });
  rows.sort((one, other) => (one.started ?? Infinity) - (other.started ?? Infinity));
  const bars = rows.flatMap((row) => (row.group?.open ? [row, ...byStart(children.get(row.block) ?? []).map((one) => bar(one, true, null))] : [row]));
  return { bars, length: rows.reduce((most, row) => Math.max(most, row.ended ?? 0), 0.001) };
}

const NONE: ReadonlySet<string> = new Set();

function byStart(blocks: readonly Timed[]): Timed[] {
  return [...blocks].sort((one, other) => (one.started ?? Infinity) - (other.started ?? Infinity));
}

/** A block with children ran from the start of the first to the end of the last of them. */
function spanning(block: Timed, children: readonly Timed[] | undefined): Timed {
  if (!children) return block;
  let [started, ended, open] = [block.started ?? Infinity, block.ended ?? -Infinity, false];
  for (const child of children) {
    if (child.started !== null) started = Math.min(started, child.started);
    if (child.ended !== null) ended = Math.max(ended, child.ended);
    else open ||= child.started !== null;
  }
  return { ...block, started: started === Infinity ? null : started, ended: open || ended === -Infinity ? null : ended };
}

const STEPS = 14;

function groupOf(children: readonly Timed[], now: number, open: boolean): Group {
  const took = children.flatMap((child) => (child.started === null ? [] : [Math.max(0, (child.ended ?? now) - child.started)]));
  const longest = took.reduce((most, one) => Math.max(most, one), 0);
  const histogram = Array.from({ length: STEPS }, () => 0);
  for (const one of took) {
    const step = longest > 0 ? Math.min(STEPS - 1, Math.floor((STEPS * one) / longest)) : 0;
    histogram[step] = (histogram[step] ?? 0) + 1;
  }
  return {
    count: children.length,
    failed: children.filter((child) => child.state === "failed").length,
    done: children.filter((child) => child.state === "completed").length,
    open,
    histogram,
    longest,
  };
}

/** A block waits for a free worker from the moment at which the last of its upstreams was done. */
function waitsFrom(block: Timed, ends: ReadonlyMap<string, number>, begun: number): number {
  const ready = block.upstream.reduce((last, name) => Math.max(last, ends.get(name) ?? begun), begun);
  return Math.min(Math.max(ready, block.queued ?? ready), block.started ?? ready);
}

/** From the block that ended last back through the upstream that ended last, each time: what the run waited for. */
export function criticalPath(blocks: readonly Timed[], now: number): Set<string> {
  const byName = new Map(blocks.map((block) => [block.block, block]));
  const endOf = (block: Timed) => (block.started === null ? -Infinity : (block.ended ?? now));
  const latest = (list: Timed[]) => list.reduce<Timed | undefined>((best, one) => (endOf(one) > (best ? endOf(best) : -Infinity) ? one : best), undefined);
  const found = new Set<string>();
  let at = latest([...blocks]);
  while (at && !found.has(at.block)) {
    found.add(at.block);
    at = latest(at.upstream.map((name) => byName.get(name)).filter((one): one is Timed => one !== undefined));
  }
  return found;
}

const MINUTES = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** Round figures for a time axis of that many seconds: of seconds, and beyond a few minutes of minutes and hours. */
export function ticks(length: number, most = 6): number[] {
  const raw = length / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const plain = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const step = raw <= 30 ? plain : (MINUTES.find((one) => one >= raw) ?? Math.ceil(raw / 86_400) * 86_400);
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
}

/** A figure of the axis, as short as it can be. */
export function tickWords(at: number): string {
  if (at === 0) return "0";
  if (at < 60) return at < 1 ? `${Number((at * 1000).toPrecision(3))} ms` : `${Number(at.toPrecision(3))} s`;
  if (at < 3600) return at % 60 === 0 ? `${at / 60} min` : `${Math.floor(at / 60)}:${String(Math.round(at % 60)).padStart(2, "0")}`;
  const minutes = Math.round((at % 3600) / 60);
  return minutes === 0 ? `${Math.floor(at / 3600)} h` : `${Math.floor(at / 3600)} h ${minutes}`;
}
