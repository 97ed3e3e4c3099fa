import { CompletionContext } from "@codemirror/autocomplete";
import { python } from "@codemirror/lang-python";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { EditorState } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import { aliases, pythonNames, sqlNames } from "./names";
import type { BlockNames } from "./queries";

const column = (name: string) => ({ name, type: "double" });
const names: BlockNames = {
  upstream: [
    { block: "load_flights", argument: "flights", table: "df_1", kind: "table", columns: [column("delay"), column("dep time"), column("it's")] },
    { block: "load_planes", argument: "planes", table: "df_2", kind: "table", columns: [column("seats")] },
  ],
  tables: ["df_1", "load_flights", "df_2", "load_planes"],
  variables: [{ name: "limit", type: "int", source: "pipeline" }, { name: "logger", type: "logger", source: "given" }],
  project_modules: [],
};
const get = async () => names;

/** The labels that are offered where `|` stands; null when nothing is. */
async function offered(text: string, language: "python" | "sql", explicit = false) {
  const at = text.indexOf("|");
  const doc = text.slice(0, at) + text.slice(at + 1);
  const state = EditorState.create({ doc, extensions: [language === "python" ? python() : sql({ dialect: PostgreSQL })] });
  const source = language === "python" ? pythonNames(get) : sqlNames(get);
  return source(new CompletionContext(state, at, explicit));
}
const labels = async (text: string, language: "python" | "sql", explicit = false) =>
  (await offered(text, language, explicit))?.options.map(({ label }) => label) ?? null;

describe("names in Python", () => {
  it("are the columns of the frame in front of the bracket", async () => {
    expect(await labels('flights["|"]', "python")).toEqual(["delay", "dep time", "it's"]);
    expect(await labels('planes[["se|"]]', "python")).toEqual(["seats"]);
    expect(await labels('flights.loc[flights["delay"] > 3, "|"]', "python")).toEqual(["delay", "dep time", "it's"]);
    expect(await labels('df_2["|"]', "python")).toEqual(["seats"]);
  });
  it("are all columns in other texts, and variables in kwargs", async () => {
    expect(await labels('result.groupby("|")', "python")).toEqual(["delay", "dep time", "it's", "seats"]);
    expect(await labels('kwargs["|"]', "python")).toEqual(["limit", "logger"]);
    expect(await labels('kwargs.get("|")', "python")).toEqual(["limit", "logger"]);
  });
  it("are what can stand behind a dot", async () => {
    expect(await labels("x = flights.|", "python")).toEqual(["delay"]);
    expect(await labels("x = other.|", "python")).toBeNull();
  });
  it("are not offered in comments, docstrings and elsewhere", async () => {
    expect(await labels('# flights["|', "python")).toBeNull();
    expect(await labels('"""flights |"""', "python")).toBeNull();
    expect(await labels("x = fli|", "python")).toBeNull();
  });
  it("are written so that the text stays one", async () => {
    const found = await offered("flights['|']", "python");
    expect(found?.options.map(({ apply }) => apply)).toEqual(["delay", "dep time", "it\\'s"]);
    expect(found?.from).toBe("flights['".length);
  });
});

describe("names in SQL", () => {
  it("are tables behind FROM and JOIN", async () => {
    const expected = ["{{ df_1 }}", "load_flights", "{{ df_2 }}", "load_planes"];
    expect(await labels("SELECT * FROM |", "sql")).toEqual(expected);
    expect(await labels("SELECT * FROM x\nJOIN lo|", "sql")).toEqual(expected);
  });
  it("are the columns of an alias, a table or all upstreams", async () => {
    expect(await labels("SELECT f.| FROM {{ df_1 }} AS f", "sql")).toEqual(["delay", "dep time", "it's"]);
    expect(await labels("SELECT p.s| FROM {{ df_1 }} f JOIN load_planes p ON true", "sql")).toEqual(["seats"]);
    expect(await labels("SELECT load_planes.| FROM load_planes", "sql")).toEqual(["seats"]);
    expect(await labels("SELECT de|", "sql")).toContain("seats");
    expect(await labels("SELECT unknown.|", "sql")).toBeNull();
  });
  it("are variables in marks", async () => {
    expect(await labels("WHERE delay > {{ |", "sql")).toEqual(["df_1", "df_2", "limit", "logger"]);
  });
  it("are quoted when they are no plain words", async () => {
    const found = await offered("SELECT f.| FROM {{ df_1 }} f", "sql");
    expect(found?.options.map(({ apply }) => apply)).toEqual(["delay", '"dep time"', '"it\'s"']);
  });
  it("know the aliases of a query", () => {
    const text = 'select * from {{ df_1 }} as F join load_planes p on x left join "other" where a from plain order by 1';
    expect([...aliases(text)]).toEqual([["f", "df_1"], ["p", "load_planes"]]);
  });
});
