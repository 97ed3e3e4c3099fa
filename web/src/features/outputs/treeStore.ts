/** A stored tree as rows: what is open of it, its large parts fetched when they come into view. */

export interface TreeNode {
  type: string;
  value?: unknown;
  size?: number;
  offset?: number;
  entries?: [string, TreeNode][];
  items?: TreeNode[];
  codec?: string;
}

export interface TreeRow {
  /** Positions from the root. */
  positions: readonly number[];
  depth: number;
  /** What it goes by in its container; empty for the root. */
  name: string;
  /** Undefined while it has not been fetched. */
  node: TreeNode | undefined;
  open: boolean;
}

/** The server gives so many items of a container at once. */
export const CHUNK = 100;
/** Items of one container that have rows; find leads to those beyond. */
export const MOST_ROWS = 100_000;

type Child = [string, TreeNode];
export type FetchPart = (positions: readonly number[], offset: number) => Promise<TreeNode>;

const keyOf = (positions: readonly number[]) => positions.join(",");

export function childrenOf(node: TreeNode): Child[] | null {
  if (node.entries) return node.entries;
  if (node.items) return node.items.map((item, index) => [String((node.offset ?? 0) + index), item]);
  return null;
}

export const sizeOf = (node: TreeNode) => node.size ?? childrenOf(node)?.length ?? 0;

export class TreeStore {
  private open = new Set<string>();
  /** Fetched children, by container and position. */
  private parts = new Map<string, Map<number, Child>>();
  private asked = new Map<string, Promise<void>>();
  private listeners = new Set<() => void>();
  private flat: TreeRow[] | null = null;
  version = 0;
  error: unknown = null;

  constructor(
    readonly root: TreeNode,
    private readonly fetchPart: FetchPart,
  ) {
    this.openSmall(root, [], 0);
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): number => this.version;

  /** What is short is open from the start, down to the second level. */
  private openSmall(node: TreeNode, positions: readonly number[], depth: number): void {
    if (!childrenOf(node) || (depth > 0 && sizeOf(node) > 20) || depth > 2) return;
    this.open.add(keyOf(positions));
    if (sizeOf(node) <= 20) childrenOf(node)?.forEach(([, child], at) => this.openSmall(child, [...positions, at], depth + 1));
  }

  private child(node: TreeNode, positions: readonly number[], at: number): Child | undefined {
    return this.parts.get(keyOf(positions))?.get(at) ?? childrenOf(node)?.[at];
  }

  nodeAt(positions: readonly number[]): TreeNode | undefined {
    let node: TreeNode | undefined = this.root;
    positions.forEach((at, depth) => {
      node = node && this.child(node, positions.slice(0, depth), at)?.[1];
    });
    return node;
  }

  /** Every row that is open, whether it has come yet or not. */
  rows(): readonly TreeRow[] {
    if (this.flat) return this.flat;
    const found: TreeRow[] = [];
    const add = (node: TreeNode | undefined, name: string, positions: readonly number[]) => {
      const open = node !== undefined && this.open.has(keyOf(positions));
      found.push({ positions, depth: positions.length, name, node, open });
      if (!open || !node) return;
      const size = Math.min(sizeOf(node), MOST_ROWS);
      for (let at = 0; at < size; at += 1) {
        const child = this.child(node, positions, at);
        add(child?.[1], child?.[0] ?? (node.items ? String(at) : "…"), [...positions, at]);
      }
    };
    add(this.root, "", []);
    this.flat = found;
    return found;
  }

  toggle(positions: readonly number[], open = !this.open.has(keyOf(positions))): void {
    if (open) this.open.add(keyOf(positions));
    else this.open.delete(keyOf(positions));
    this.changed();
  }

  /** Fetch the part of a container that a position is in, once. */
  async fetch(positions: readonly number[], at: number): Promise<void> {
    const node = this.nodeAt(positions);
    if (!node || this.child(node, positions, at)) return;
    const offset = Math.floor(at / CHUNK) * CHUNK;
    const key = `${keyOf(positions)}:${offset}`;
    let asked = this.asked.get(key);
    if (!asked) {
      asked = this.fetchPart(positions, offset).then(
        (part) => {
          const held = this.parts.get(keyOf(positions)) ?? new Map<number, Child>();
          childrenOf(part)?.forEach((child, index) => held.set(offset + index, child));
          this.parts.set(keyOf(positions), held);
          this.changed();
        },
        (error: unknown) => {
          this.asked.delete(key);
          this.error = error;
          this.changed();
        },
      );
      this.asked.set(key, asked);
    }
    await asked;
  }

  /** Open the way to a place, however deep; the row that it has then, or -1. */
  async reveal(positions: readonly number[]): Promise<number> {
    for (let depth = 0; depth < positions.length; depth += 1) {
      const parent = positions.slice(0, depth);
      await this.fetch(parent, positions[depth] ?? 0);
      this.open.add(keyOf(parent));
    }
    this.changed();
    const wanted = keyOf(positions);
    return this.rows().findIndex((row) => keyOf(row.positions) === wanted && row.depth === positions.length);
  }

  /** The path as one writes it in code. */
  pathOf(positions: readonly number[]): string {
    let path = "$";
    positions.forEach((at, depth) => {
      const parent = this.nodeAt(positions.slice(0, depth));
      const name = parent && this.child(parent, positions.slice(0, depth), at)?.[0];
      path += parent?.entries ? `.${name ?? at}` : `[${at}]`;
    });
    return path;
  }

  private changed(): void {
    this.flat = null;
    this.version += 1;
    for (const listener of this.listeners) listener();
  }
}
