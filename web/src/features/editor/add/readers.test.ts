import { expect, it } from "vitest";
import { DATA_FILE, nameFor, readerFor } from "./readers";

it("reads a file by its kind, from the project", () => {
  expect(readerFor("data/flights.parquet")).toContain('pd.read_parquet(Path(kwargs["repo_path"]) / "data" / "flights.parquet")');
  expect(readerFor("x.tsv")).toContain('sep="\\t"');
  expect(DATA_FILE.test("a/b.CSV") && !DATA_FILE.test("a/b.py")).toBe(true);
});

it("makes names that Python and SQL can use", () => {
  expect(["data/My File (2).csv", "2013.csv", "___.csv", "flights.parquet"].map(nameFor)).toEqual(["my_file_2", "load_2013", "load_file", "flights"]);
});
