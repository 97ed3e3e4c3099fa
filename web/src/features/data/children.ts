import type { ProductSummary } from "./queries";

/** A line of the list: an output, or all those of a dynamic block's children as one. */
export interface Line {
  key: string;
  product: ProductSummary;
  /** Outputs that the line stands for, 0 when it is one itself. */
  children: number;
  /** Whether it is shown below the line that stands for it. */
  child: boolean;
}

type Sort = (products: readonly ProductSummary[]) => ProductSummary[];

/** The outputs as lines, in order. Those of one dynamic block are a single line, with its own below it where that is open. */
export function foldChildren(products: readonly ProductSummary[], sort: Sort, open: ReadonlySet<string>): Line[] {
  const families = new Map<string, ProductSummary[]>();
  for (const one of products) {
    const key = keyOf(one, parentOf(one.block));
    const family = families.get(key);
    if (family) family.push(one);
    else families.set(key, [one]);
  }
  const heads = new Map<ProductSummary, { key: string; members: ProductSummary[] }>();
  for (const [key, members] of families) {
    const own = members.filter((one) => one.block === parentOf(one.block));
    const children = members.filter((one) => one.block !== parentOf(one.block));
    for (const one of children.length > 1 ? own : members) heads.set(one, { key: keyOf(one, one.block), members: [] });
    if (children.length > 1) heads.set(together(children), { key: `${key} children`, members: children });
  }
  return sort([...heads.keys()]).flatMap((product) => {
    const { key, members } = heads.get(product) as { key: string; members: ProductSummary[] };
    const line: Line = { key, product, children: members.length, child: false };
    if (!members.length || !open.has(key)) return [line];
    return [line, ...sort(members).map((one) => ({ key: keyOf(one, one.block), product: one, children: 0, child: true }))];
  });
}

const keyOf = (one: ProductSummary, block: string) => JSON.stringify([one.pipeline, block, one.partition]);

/** The block whose child it is, `each` of `each:17`; itself where it is none. */
const parentOf = (block: string) => block.split(":", 1)[0] || block;

/** What is told of several as of one: the newest of them, with the sums of all. */
function together(children: readonly ProductSummary[]): ProductSummary {
  const newest = children.reduce((one, other) => (other.at > one.at ? other : one));
  const rows = children.some((one) => one.rows !== null) ? children.reduce((sum, one) => sum + (one.rows ?? 0), 0) : null;
  return {
    ...newest,
    block: parentOf(newest.block),
    kind: children.every((one) => one.kind === newest.kind) ? newest.kind : "",
    rows,
    bytes: children.reduce((sum, one) => sum + one.bytes, 0),
    versions: children.reduce((sum, one) => sum + one.versions, 0),
    good: children.every((one) => one.good),
    error: children.find((one) => one.error)?.error ?? null,
  };
}
