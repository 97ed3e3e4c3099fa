import { diff } from "@codemirror/merge";
import type { ChangeSpec } from "@codemirror/state";

/** The fewest changes that make one text of another, so that cursors and folds outside of them stay where they are. */
export function changesBetween(before: string, after: string): ChangeSpec[] {
  return diff(before, after, { scanLimit: 500, timeout: 100 }).map(({ fromA, toA, fromB, toB }) => ({
    from: fromA,
    to: toA,
    insert: after.slice(fromB, toB),
  }));
}
