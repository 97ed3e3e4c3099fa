import { expect, it } from "vitest";
import { asForm } from "./copy";

const rows = [
  [1, "a,b"],
  [null, ""],
  [2.5, 'say "x"\nnow|'],
];

it("writes CSV in which a null is not an empty text", () => {
  expect(asForm("csv", rows, ["n", "t"])).toBe('n,t\n1,"a,b"\n,""\n2.5,"say ""x""\nnow|"');
});

it("writes Markdown with one line a row", () => {
  expect(asForm("markdown", rows, ["n", "t"]).split("\n")).toEqual(["| n | t |", "| --- | --- |", "| 1 | a,b |", "|  |  |", '| 2.5 | say "x" now\\| |']);
});

it("writes JSON with nulls and numbers as they are", () => {
  expect(JSON.parse(asForm("json", rows, ["n", "t"]))[1]).toEqual({ n: null, t: "" });
});
