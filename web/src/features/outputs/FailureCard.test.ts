import { expect, it } from "vitest";
import { beginningOf, withoutEchoes } from "./FailureCard";

it("tells a function that calls itself once", () => {
  const frame = (line: number) => ({ file: "a.py", line, function: "f", text: "", own: true });
  expect(withoutEchoes([frame(5), frame(6), frame(6), frame(6), frame(9)]).map(({ line }) => line)).toEqual([5, 6, 9]);
  // A function inside of another one, on the same line, is one of its own.
  const inner = { ...frame(6), function: "<listcomp>" };
  expect(withoutEchoes([inner, inner, frame(6)]).map((one) => one.function)).toEqual(["<listcomp>", "f"]);
});

it("shows so much of a long message that what stands below it stays in sight", () => {
  const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}`).join("\n");
  expect(beginningOf("short")).toBe("short");
  expect(beginningOf(lines(8))).toBe(lines(8));
  expect(beginningOf(lines(9))).toBe(`${lines(6)}\n…`);
  expect(beginningOf("x".repeat(600))).toHaveLength(600);
  expect(beginningOf("x".repeat(601))).toBe(`${"x".repeat(500)}…`);
});
