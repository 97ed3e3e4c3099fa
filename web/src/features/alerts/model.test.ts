import { expect, it } from "vitest";
import { elsewhere, endOf, textOf, valueOf } from "./model";

const field = (kind: string, value: unknown = null) => ({ key: "k", kind, description: "", set: value !== null, value });

it("keeps settings as what they are", () => {
  expect(valueOf(field("list"), "a@example.com\n b@example.com, ")).toEqual(["a@example.com", "b@example.com"]);
  expect([valueOf(field("number"), "587"), valueOf(field("number"), "x"), valueOf(field("boolean"), "false"), valueOf(field("text"), " a "), valueOf(field("secret"), "")]).toEqual([587, "x", false, "a", null]);
  expect([textOf(field("list", ["a", "b"])), textOf(field("secret")), textOf(field("number", 25)), textOf(field("map", { a: 1 }))]).toEqual(["a\nb", "", "25", '{"a":1}']);
});

it("tells of the end of what lasts alone: a success is not over", () => {
  expect(["failure", "passed_sla", "trigger", "success", "recovery"].map((kind) => endOf({ kind, closed: 5 }))).toEqual([5, 5, 5, null, null]);
  expect(endOf({ kind: "failure", closed: null })).toBeNull();
});

it("says when a value that is typed over was changed elsewhere, unless to the same", () => {
  const typed = { text: "mine", over: "before" };
  expect([elsewhere(undefined, "theirs"), elsewhere(typed, "before"), elsewhere(typed, "mine")]).toEqual(["", "", ""]);
  expect(elsewhere(typed, "theirs")).toContain("“theirs”");
  expect(elsewhere(typed, "")).toMatch(/^Taken out/);
});
