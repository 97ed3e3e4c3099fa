import { expect, it } from "vitest";
import { blankChoices, found, libraryChoices, templateChoices } from "./choices";

const template = (id: string, name: string, description: string) => ({
  id,
  name,
  description,
  block_type: "data_loader",
  language: "python",
  group: "Databases",
  inputs: 0,
  ready: true,
  needs: null,
  source: "built-in" as const,
});
const all = [
  ...blankChoices(),
  ...templateChoices([template("pg", "PostgreSQL", "Reads the result of a query"), template("s3", "Amazon S3", "Reads a file of a bucket")]),
  ...libraryChoices([{ file: "transformers/clean.py", name: "clean", type: "transformer", language: "python", pipelines: ["sales"] }], []),
];

it("finds by purpose, in any order of words", () => {
  expect(found(all, "bucket", "", "").map((choice) => choice.title)).toEqual(["Amazon S3"]);
  expect(found(all, "query postgres", "", "").map((choice) => choice.title)).toEqual(["PostgreSQL"]);
  expect(found(all, "clean", "", "")[0]?.block).toEqual({ type: "transformer", language: "python", file: "transformers/clean.py" });
});

it("puts what begins with the search first", () => {
  expect(found(all, "sens", "", "")[0]?.title).toBe("Sensor");
  expect(found(all, "sql", "", "").map((choice) => choice.title).indexOf("PostgreSQL")).toBeGreaterThanOrEqual(0);
});

it("keeps to a type and a language", () => {
  const hits = found(all, "", "transformer", "sql");
  expect(hits.map((choice) => choice.id)).toEqual(["new:transformer:sql"]);
});

it("does not offer a file that the pipeline has already", () => {
  const library = [{ file: "a.py", name: "a", type: "custom", language: "python", pipelines: [] }];
  expect(libraryChoices(library, [{ file: "a.py" } as never])).toEqual([]);
});

it("offers what can be installed, and nothing that this version cannot run", () => {
  const some = [
    { ...template("a", "Excel", ""), ready: false, needs: "pip install openpyxl" },
    { ...template("b", "S3", ""), ready: false, needs: "This version has no connector for S3 yet. pip install boto3" },
  ];
  expect(templateChoices(some).map(({ title, needs }) => [title, needs])).toEqual([["Excel", "pip install openpyxl"]]);
});
