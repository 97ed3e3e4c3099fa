/** When each block of a run ran, and which of them the run had to wait for. */

export interface Bar {
  block: string;
  state: string;
  /** Seconds from the start of the run. */
  queued: number;
  started: number | null;
  ended: number | null;
  critical: boolean;
}

interface Timed {
  block: string;
  state: string;
  queued: number | null;
  started: number | null;
  ended: number | null;
  upstream: readonly string[];
}

export function barsOf(begun: number, now: number, blocks: readonly Timed[]): { bars: Bar[]; length: number } {
  const critical = criticalPath(blocks, now);
  const ends = new Map(blocks.map((block) => [block.block, block.ended ?? begun]));
  const bars = blocks.map((block) => {
    const started = block.started === null ? null : block.started - begun;
    const ended = block.started === null ? null : (block.ended ?? now) - begun;
    return { block: block.block, state: block.state, queued: Math.max(0, waitsFrom(block, ends, begun) - begun), started, ended, critical: critical.has(block.block) };
  });
  bars.sort((one, other) => (one.started ?? Infinity) - (other.started ?? Infinity));
  return { bars, length: Math.max(0.001, ...bars.map((bar) => bar.ended ?? 0)) };
}

/** A block waits for a free worker from the moment at which the last of its upstreams was done. */
function waitsFrom(block: Timed, ends: ReadonlyMap<string, number>, begun: number): number {
  const ready = Math.max(begun, ...block.upstream.map((name) => ends.get(name) ?? begun));
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

/** Round figures for a time axis of that many seconds. */
export function ticks(length: number, most = 6): number[] {
  const raw = length / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
}
