import { ChangeSet, Text } from "@codemirror/state";
import { expect, it } from "vitest";
import { changesBetween } from "./changes";

function applied(before: string, after: string): string {
  return ChangeSet.of(changesBetween(before, after), before.length).apply(Text.of(before.split("\n"))).toString();
}

it("makes one text of another, whatever they are", () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const text = () => Array.from({ length: random(12) }, () => "abc".slice(0, random(4))).join("\n");
  for (let round = 0; round < 500; round += 1) {
    const [before, after] = [text(), text()];
    expect(applied(before, after)).toBe(after);
  }
});

it("leaves what both have alone", () => {
  expect(changesBetween("a\nb\nc\n", "a\nb\nc\n")).toEqual([]);
  expect(changesBetween("one\nfirst = 1\nlast\n", "one\nfirst = 12\nlast\nmore\n")).toEqual([
    { from: 13, to: 13, insert: "2" },
    { from: 19, to: 19, insert: "more\n" },
  ]);
});
