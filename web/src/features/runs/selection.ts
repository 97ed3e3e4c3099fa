/** Which rows of a list are marked. The last one that was marked by itself is where a stretch begins. */
export interface Marked {
  keys: ReadonlySet<string>;
  anchor: string | null;
}

export const NONE: Marked = { keys: new Set(), anchor: null };

export function toggled(held: Marked, key: string): Marked {
  const keys = new Set(held.keys);
  if (!keys.delete(key)) keys.add(key);
  return { keys, anchor: key };
}

/** Everything from the anchor to a row, both included. */
export function extended(held: Marked, key: string, order: readonly string[]): Marked {
  const from = held.anchor === null ? -1 : order.indexOf(held.anchor);
  const to = order.indexOf(key);
  if (from < 0 || to < 0) return toggled(held, key);
  return { keys: new Set([...held.keys, ...order.slice(Math.min(from, to), Math.max(from, to) + 1)]), anchor: held.anchor };
}

export function all(order: readonly string[]): Marked {
  return { keys: new Set(order), anchor: order[0] ?? null };
}

/** Without what is no longer in the list. */
export function kept(held: Marked, order: readonly string[]): Marked {
  const there = new Set(order);
  const keys = [...held.keys].filter((key) => there.has(key));
  return keys.length === held.keys.size ? held : { keys: new Set(keys), anchor: held.anchor && there.has(held.anchor) ? held.anchor : null };
}
