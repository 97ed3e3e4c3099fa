import type { ChangeSpec } from "@codemirror/state";
import { commonLines, splitLines } from "../documents/merge3";

/** Few changes that make one text of another, so that cursors and folds outside of them stay where they are. */
export function changesBetween(before: string, after: string): ChangeSpec[] {
  const [a, b] = [splitLines(before), splitLines(after)];
  const changes: ChangeSpec[] = [];
  let [lineA, lineB, from] = [0, 0, 0];
  for (const { a: nextA, b: nextB, size } of [...commonLines(a, b), { a: a.length, b: b.length, size: 0 }]) {
    const [gone, come] = [a.slice(lineA, nextA).join(""), b.slice(lineB, nextB).join("")];
    if (gone !== come) changes.push(within(from, gone, come));
    from += gone.length + a.slice(nextA, nextA + size).join("").length;
    [lineA, lineB] = [nextA + size, nextB + size];
  }
  return changes;
}

/** What differs of some lines: without what both begin and end with. */
function within(from: number, gone: string, come: string): ChangeSpec {
  const most = Math.min(gone.length, come.length);
  let start = 0;
  while (start < most && gone[start] === come[start]) start += 1;
  let end = 0;
  while (end < most - start && gone[gone.length - 1 - end] === come[come.length - 1 - end]) end += 1;
  return { from: from + start, to: from + gone.length - end, insert: come.slice(start, come.length - end) };
}
