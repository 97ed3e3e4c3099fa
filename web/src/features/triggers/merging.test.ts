import { expect, it } from "vitest";
import { emptyDraft, variableLine, type Draft } from "./draft";
import { mergedDraft } from "./merging";

const variables = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => variableLine(name, value));
const told = (draft: Draft) => Object.fromEntries(draft.variables.map(({ name, text }) => [name, text]));
const held: Draft = { ...emptyDraft("orders", "UTC"), name: "nightly", variables: variables({ a: "x", b: "y", c: "z" }) };

it("keeps what was typed, and takes what others changed meanwhile", () => {
  const now = { ...held, tags: "theirs", variables: variables({ a: "x", b: "y", c: "z" }) };
  const { draft, both } = mergedDraft(held, { ...held, description: "mine" }, now);
  expect(draft).toEqual({ ...now, description: "mine" });
  expect(both).toEqual([]);
});

it("keeps what was typed also where others changed the same, and says so", () => {
  const { draft, both } = mergedDraft(held, { ...held, description: "mine", tags: "same" }, { ...held, description: "theirs", tags: "same" });
  expect([draft.description, draft.tags, both]).toEqual(["mine", "same", ["description"]]);
});

it("takes variables one by one", () => {
  const typed = { ...held, variables: [...variables({ a: "mine", b: "y", c: "z", own: "1x" }), variableLine("", "no name yet")] };
  const { draft, both } = mergedDraft(held, typed, { ...held, variables: variables({ a: "x", b: "theirs", new: "2x" }) });
  expect(told(draft)).toEqual({ a: "mine", b: "theirs", own: "1x", "": "no name yet", new: "2x" });
  expect(both).toEqual([]);
  const other = mergedDraft(held, typed, { ...held, variables: variables({ a: "theirs", b: "y", c: "z" }) });
  expect([told(other.draft).a, other.both]).toEqual(["mine", ["variables (a)"]]);
  const gone = mergedDraft(held, { ...held, variables: variables({ b: "y", c: "z" }) }, { ...held, variables: variables({ a: "x", b: "theirs", c: "z" }) });
  expect(told(gone.draft)).toEqual({ b: "theirs", c: "z" });
});
