/** What a grid shows: a stored table, by pages, in an order and under conditions that the server applies. */

export type Cell = string | number | boolean | null;

/** Columns go by their position, since names may repeat; those of an index come first. */
export interface SortBy {
  column: number;
  descending: boolean;
}

export interface Condition {
  column: number;
  op: string;
  value: string | number | boolean | string[] | null;
}

export interface Rows {
  sort: SortBy[];
  filters: Condition[];
  search: string;
}

export const ALL_ROWS: Rows = { sort: [], filters: [], search: "" };

export interface GridColumn {
  index: number;
  name: string;
  type: string;
  family: Family;
  nulls: number | null;
  distinct: number | null;
}

/** What a type means for showing and filtering. */
export type Family = "number" | "text" | "boolean" | "time" | "other";

export function familyOf(type: string): Family {
  const name = type.toLowerCase();
  if (/^(u?int|float|double|half|decimal|number|bigint)/.test(name)) return "number";
  if (/^bool/.test(name)) return "boolean";
  if (/^(timestamp|date|time|datetime|duration|timedelta|period|interval)/.test(name)) return "time";
  if (/^(str|string|large_string|text|utf8|category|dictionary|object|varchar|enum)/.test(name)) return "text";
  return "other";
}

/** A column of a page: where it is, what it is called, and which of its cells are cut: row of the page -> full length. */
export interface PageColumn {
  index: number;
  name: string;
  type: string;
  role: string;
  cut: ReadonlyMap<number, number>;
}

export interface Page {
  offset: number;
  columns: PageColumn[];
  /** One entry a column, each with the page's cells. */
  cells: Cell[][];
  /** The number that each row has in the stored order. */
  numbers: number[];
  columnsTotal: number;
  rows: number;
  total: number;
  filtered: number;
  version: string;
}

/** Operators that make sense for a family, in the server's words, with ours beside them. */
export const OPERATORS: Record<Family, [op: string, words: string][]> = {
  number: [["=", "="], ["!=", "≠"], [">", ">"], [">=", "≥"], ["<", "<"], ["<=", "≤"], ["in", "one of"], ["null", "is empty"], ["not null", "is not empty"]],
  text: [["contains", "contains"], ["=", "equals"], ["!=", "does not equal"], ["not contains", "does not contain"], ["starts with", "starts with"], ["ends with", "ends with"], ["in", "one of"], ["null", "is empty"], ["not null", "is not empty"]],
  boolean: [["=", "is"], ["null", "is empty"], ["not null", "is not empty"]],
  time: [[">=", "from"], ["<", "before"], ["=", "="], ["null", "is empty"], ["not null", "is not empty"]],
  other: [["contains", "contains"], ["null", "is empty"], ["not null", "is not empty"]],
};

/** The value of a condition from what was typed, for a column of that family; null when it cannot be one. */
export function valueOf(family: Family, op: string, text: string): Condition["value"] {
  if (op === "null" || op === "not null") return null;
  if (op === "in") return text.split(",").map((part) => part.trim()).filter(Boolean);
  if (family === "boolean") return text === "true";
  if (family === "number") {
    const number = Number(text.replaceAll(",", "").trim());
    return text.trim() === "" || Number.isNaN(number) ? null : number;
  }
  return text;
}

/** A condition as a chip says it. */
export function wordsOf(condition: Condition, name: string, family: Family): string {
  const words = OPERATORS[family].find(([op]) => op === condition.op)?.[1] ?? condition.op;
  if (condition.value === null) return `${name} ${words}`;
  return `${name} ${words} ${Array.isArray(condition.value) ? condition.value.join(", ") : String(condition.value)}`;
}
