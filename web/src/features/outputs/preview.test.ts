import { expect, it } from "vitest";
import type { OutputSummary } from "../../api/types";
import { columnsOf, describe } from "./preview";

const column = (name: string) => ({ name, type: "int64", nulls: 0, minimum: 0, maximum: 1, distinct: 2, exact: true });
const output = (over: Partial<OutputSummary>): OutputSummary => ({ name: "output_0", kind: "table", codec: "pandas.frame", rows: 1200, bytes: 1, columns: [column("a"), column("b")], preview: null, ...over });

it("says how many columns there are, also where only the first are told", () => {
  expect(describe(output({}))).toBe("1,200 rows × 2 columns");
  expect(describe(output({ columns_total: 3000 }))).toBe("1,200 rows × 3,000 columns");
  expect(describe(output({ rows: 1 }))).toBe("1 row × 2 columns");
  expect(columnsOf(output({ columns_total: 0 }))).toBe(2);
});

it("says the shape of an array, and the kind of everything else", () => {
  expect(describe(output({ kind: "array", columns: [], rows: 3, preview: { shape: [3, 4], dtype: "int8", values: [] } }))).toBe("array 3 × 4 int8");
  expect(describe(output({ kind: "json", columns: [], rows: null }))).toBe("json");
});
