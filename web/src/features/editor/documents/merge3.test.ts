import { expect, it } from "vitest";
import { clashes, merge3, merged } from "./merge3";

const base = "one\ntwo\nthree\nfour\nfive\n";

it("takes what only one side changed", () => {
  const pieces = merge3(base, base.replace("two", "TWO"), base.replace("five\n", "five\nsix\n"));
  expect(clashes(pieces)).toBe(0);
  expect(merged(pieces)).toBe("one\nTWO\nthree\nfour\nfive\nsix\n");
});

it("leaves what both changed to a person", () => {
  const pieces = merge3(base, base.replace("three", "mine"), base.replace("three", "theirs"));
  expect(clashes(pieces)).toBe(1);
  expect(merged(pieces, ["mine"])).toContain("two\nmine\nfour");
  expect(merged(pieces, ["theirs"])).toContain("two\ntheirs\nfour");
  expect(merged(pieces, ["both"])).toContain("two\ntheirs\nmine\nfour");
});

it("takes the same change of both sides once", () => {
  const same = base.replace("three", "3");
  expect(merged(merge3(base, same, same))).toBe(same);
});

it("gives every side back to the byte when the other changed nothing", () => {
  for (const text of ["", "\n", "no end", "one\r\ntwo\r\n", base + base, "five\nfour\nthree\n"]) {
    expect(merged(merge3(base, text, base))).toBe(text);
    expect(merged(merge3(base, base, text))).toBe(text);
  }
});

it("matches lines that occur once in texts too large for the exact table", () => {
  const lines = Array.from({ length: 3000 }, (_, line) => `line ${line}\n`);
  const mine = ["new first\n", ...lines.slice(0, -1), "new last\n"].join("");
  const theirs = lines.map((line, index) => (index === 1500 ? "changed\n" : line)).join("");
  const pieces = merge3(lines.join(""), mine, theirs);
  expect(clashes(pieces)).toBe(0);
  expect(merged(pieces)).toBe(mine.replace("line 1500\n", "changed\n"));
});
