import { expect, it } from "vitest";
import { phaseOf } from "./machine";
import { YamlText, type YamlAnswer } from "./yaml";

function text(...answers: YamlAnswer[]) {
  const sent: [string, string][] = [];
  const yaml = new YamlText((content, revision) => {
    sent.push([content, revision]);
    return Promise.resolve(answers.shift() ?? { revision: `r${sent.length + 1}` });
  });
  yaml.take("metadata.yaml", { content: "a\nb\nc\n", revision: "r1" });
  return { yaml, sent };
}

it("takes what others write at once while nothing is typed", () => {
  const { yaml } = text();
  yaml.take("metadata.yaml", { content: "a\nB\nc\n", revision: "r2" });
  expect(yaml.doc).toMatchObject({ mine: "a\nB\nc\n", external: 1, theirs: null });
});

it("keeps what was typed beside what others write, and saves nothing until that is settled", async () => {
  const { yaml, sent } = text();
  yaml.type("A\nb\nc\n");
  yaml.take("metadata.yaml", { content: "a\nb\nC\n", revision: "r2" });
  expect(phaseOf(yaml.doc!)).toBe("conflict");
  expect(await yaml.save()).toBe(false);
  expect(sent).toEqual([]);
  expect(await yaml.resolve("A\nb\nC\n")).toBe(true);
  expect(sent).toEqual([["A\nb\nC\n", "r2"]]);
  expect(yaml.dirty).toBe(false);
});

it("shows what the server refused to overwrite, and saves over that alone", async () => {
  const { yaml, sent } = text({ theirs: { content: "a\nb\nC\n", revision: "r9" } });
  yaml.type("A\nb\nc\n");
  expect(await yaml.save()).toBe(false);
  expect(yaml.doc?.theirs?.revision).toBe("r9");
  await yaml.resolve("A\nb\nC\n");
  expect(sent.map(([, revision]) => revision)).toEqual(["r1", "r9"]);
});

it("keeps the text that the server cannot take, and says why; what is typed later is not lost by an answer", async () => {
  const { yaml } = text({ problem: { message: "no map", hint: "" } });
  yaml.type("[]");
  expect(await yaml.save()).toBe(false);
  expect(yaml.doc).toMatchObject({ mine: "[]", problem: { message: "no map" } });
  const saving = yaml.save();
  yaml.type("a: 1");
  await saving;
  expect(yaml.doc).toMatchObject({ mine: "a: 1", base: "[]" });
});

it("gives up what was typed, for the newest text", () => {
  const { yaml } = text();
  yaml.type("x");
  yaml.take("metadata.yaml", { content: "theirs", revision: "r2" });
  yaml.discard();
  expect(yaml.doc).toMatchObject({ mine: "theirs", base: "theirs", revision: "r2", theirs: null });
});
