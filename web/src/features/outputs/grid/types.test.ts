import { describe, expect, it } from "vitest";
import { rangeOf, valueOf, wordsOf } from "./types";

describe("conditions", () => {
  it("reads values by the family of the column", () => {
    expect(valueOf("number", ">", "1,000")).toBe(1000);
    expect(valueOf("number", ">", "many")).toBeNull();
    expect(valueOf("text", "not in", "a, b,")).toEqual(["a", "b"]);
    expect(rangeOf("number", "1", "2.5")).toEqual([1, 2.5]);
    expect(rangeOf("time", "2024-01-01", "")).toBeNull();
  });

  it("says a condition in words", () => {
    expect(wordsOf({ column: 0, op: "between", value: [1, 2] }, "n", "number")).toBe("n between 1 and 2");
    expect(wordsOf({ column: 0, op: "not in", value: ["a", "b"] }, "t", "text")).toBe("t none of a, b");
    expect(wordsOf({ column: 0, op: "matches", value: "^a" }, "t", "text")).toBe("t matches ^a");
    expect(wordsOf({ column: 0, op: ">=", value: "x" }, "t", "time", () => "then")).toBe("t from then");
  });
});
