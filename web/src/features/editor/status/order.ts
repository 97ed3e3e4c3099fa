/** Where blocks stand in the list: pure, so that the list can move before the server has answered. */

/** The list with `uuid` moved to stand directly after `after` (null: first). */
export function placed(order: readonly string[], uuid: string, after: string | null): string[] {
  const rest = order.filter((other) => other !== uuid);
  const at = after === null ? 0 : rest.indexOf(after) + 1;
  return after !== null && at === 0 ? [...order] : [...rest.slice(0, at), uuid, ...rest.slice(at)];
}

/** The block that `uuid` would stand after once moved by `step` places; undefined where it cannot move. */
export function stepTarget(order: readonly string[], uuid: string, step: 1 | -1): string | null | undefined {
  const at = order.indexOf(uuid);
  const to = at + step;
  if (at < 0 || to < 0 || to >= order.length) return undefined;
  return step === 1 ? order[to] : (order[to - 1] ?? null);
}

export function sortedBy<B extends { uuid: string }>(blocks: readonly B[], order: readonly string[]): B[] {
  const place = new Map(order.map((uuid, index) => [uuid, index]));
  return [...blocks].sort((one, other) => (place.get(one.uuid) ?? 0) - (place.get(other.uuid) ?? 0));
}

/** The block to select once `uuid` is gone: the next one, else the one before. */
export function neighbourOf(order: readonly string[], uuid: string): string | null {
  const at = order.indexOf(uuid);
  return order[at + 1] ?? order[at - 1] ?? null;
}

/** All blocks that `uuid` feeds or is fed by, directly or not. */
export function reach(blocks: readonly { uuid: string; upstream: readonly string[] }[], uuid: string, way: "up" | "down"): Set<string> {
  const next = new Map<string, string[]>();
  for (const block of blocks) {
    for (const upstream of block.upstream) {
      const [from, to] = way === "up" ? [block.uuid, upstream] : [upstream, block.uuid];
      next.set(from, [...(next.get(from) ?? []), to]);
    }
  }
  const found = new Set<string>();
  const queue = [...(next.get(uuid) ?? [])];
  for (let block = queue.pop(); block !== undefined; block = queue.pop()) {
    if (found.has(block) || block === uuid) continue;
    found.add(block);
    queue.push(...(next.get(block) ?? []));
  }
  return found;
}
