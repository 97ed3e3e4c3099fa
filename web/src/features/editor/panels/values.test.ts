import { expect, it } from "vitest";
import { parsed, shown } from "./values";

it("reads values of every type", () => {
  expect([parsed("1_000", "number"), parsed("true", "boolean"), parsed(" 2013-01-02 ", "date"), parsed("", "nothing"), parsed("7", "text")]).toEqual([
    { value: 1000 },
    { value: true },
    { value: "2013-01-02" },
    { value: null },
    { value: "7" },
  ]);
  expect([parsed("[1, 2]", "list"), parsed("", "map")]).toEqual([{ value: [1, 2] }, { value: {} }]);
});

it("says what is expected instead of guessing", () => {
  for (const [text, type] of [["", "number"], ["ten", "number"], ["{}", "list"], ["[1]", "map"], ["null", "map"], ["{", "map"], ["soon", "date"]] as const) {
    expect(parsed(text, type), `${text} as ${type}`).toHaveProperty("problem");
  }
});

it("shows a value as it is typed", () => {
  expect([shown(null, "nothing"), shown([1], "list"), shown(false, "boolean")]).toEqual(["", "[1]", "false"]);
});
