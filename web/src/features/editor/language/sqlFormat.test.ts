import { describe, expect, it } from "vitest";
import { formatSql, tokensOf } from "./sqlFormat";

describe("formatSql", () => {
  it("lays out a statement and keeps texts, comments and templates", () => {
    const sql = "select a,b -- how many\nfrom {{ df_1 }} where x = '  two  spaces ' /* why */ and day >= '{{ execution_date }}'";
    const text = formatSql(sql);
    expect(text).toContain("  a,\n  b -- how many\nfrom\n  {{ df_1 }}\n");
    expect(text).toContain("x = '  two  spaces ' /* why */");
    expect(formatSql(text)).toBe(text);
  });

  it("keeps what DuckDB has", () => {
    for (const sql of ["select {'a': 1}, [1, 2], list_transform(l, x -> x + 1), $$ d $$ from 'data/x.parquet'", "from flights", "select a->>'b', c::int from t where n>-1 qualify row_number() over () = 1; select 2"]) {
      expect(tokensOf(formatSql(sql))).toEqual(tokensOf(sql));
    }
  });

  it("leaves alone what it cannot read, and says so", () => {
    expect(() => formatSql("select broken ((")).toThrow("stays as it is");
    expect(formatSql("  \n")).toBe("  \n");
  });
});

describe("tokensOf", () => {
  it("tells apart what says something else", () => {
    const differ = (one: string, other: string) => expect(tokensOf(one)).not.toEqual(tokensOf(other));
    differ("select 'a  b'", "select 'a b'");
    differ("a - -1", "a --1");
    differ("a ->> 'b'", "a - >> 'b'");
    differ("select ab", "select a b");
    differ("-- x\nselect 1", "-- x select 1");
    differ("{{ a  }}", "{{ a }}");
    expect(tokensOf("a>-1")).toEqual(tokensOf("a > -1"));
  });
});
