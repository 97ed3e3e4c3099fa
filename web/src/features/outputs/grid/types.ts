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
  value: string | number | boolean | (string | number)[] | null;
}

export interface Rows {
  sort: SortBy[];
  filters: Condition[];
  search: string;
}

export const ALL_ROWS: Rows = { sort: [], filters: [], search: "" };

export interface GridColumn {
  index: number;
  /** What it goes by in a layout. */
  key: string;
  name: string;
  type: string;
  family: Family;
  nulls: number | null;
  distinct: number | null;
  /** The stored zone of moments, empty for those that have none; undefined for what holds no moments, or is not known yet. */
  zone: string | undefined;
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
  zone?: string;
  cut: ReadonlyMap<number, number>;
}

export interface Page {
  offset: number;
  columns: PageColumn[];
  /** One entry a column, each with the page's cells. */
  cells: Cell[][];
  /** Where in `columns` and `cells` a column is, by its position in the table. */
  places: ReadonlyMap<number, number>;
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
  number: [["=", "="], ["!=", "≠"], [">", ">"], [">=", "≥"], ["<", "<"], ["<=", "≤"], ["between", "between"], ["in", "one of"], ["not in", "none of"], ["null", "is empty"], ["not null", "is not empty"]],
  text: [["contains", "contains"], ["=", "equals"], ["!=", "does not equal"], ["not contains", "does not contain"], ["starts with", "starts with"], ["ends with", "ends with"], ["matches", "matches (regex)"], ["not matches", "does not match (regex)"], ["in", "one of"], ["not in", "none of"], ["null", "is empty"], ["not null", "is not empty"]],
  boolean: [["=", "is"], ["null", "is empty"], ["not null", "is not empty"]],
  time: [[">=", "from"], ["<", "before"], ["between", "between"], ["=", "="], ["null", "is empty"], ["not null", "is not empty"]],
  other: [["contains", "contains"], ["not contains", "does not contain"], ["matches", "matches (regex)"], ["null", "is empty"], ["not null", "is not empty"]],
};

/** The value of a condition from what was typed, for a column of that family; null when it cannot be one. */
export function valueOf(family: Family, op: string, text: string): Condition["value"] {
  if (op === "null" || op === "not null") return null;
  if (op === "in" || op === "not in") return text.split(",").map((part) => part.trim()).filter(Boolean);
  if (family === "boolean") return text === "true";
  if (family === "number") {
    const number = Number(text.replaceAll(",", "").trim());
    return text.trim() === "" || Number.isNaN(number) ? null : number;
  }
  return text;
}

/** The two ends of a range as typed; null when one of them is no value of that family. */
export function rangeOf(family: Family, from: string, to: string): Condition["value"] {
  const ends = [valueOf(family, "=", from), valueOf(family, "=", to)];
  return ends.every((end) => end !== null && end !== "") ? (ends as (string | number)[]) : null;
}

/** A condition as a chip says it. */
export function wordsOf(condition: Condition, name: string, family: Family, told: (value: string) => string = (value) => value): string {
  const words = OPERATORS[family].find(([op]) => op === condition.op)?.[1] ?? condition.op;
  if (condition.value === null) return `${name} ${words}`;
  if (!Array.isArray(condition.value)) return `${name} ${words.replace(" (regex)", "")} ${told(String(condition.value))}`;
  return `${name} ${words} ${condition.value.map((value) => told(String(value))).join(condition.op === "between" ? " and " : ", ")}`;
}
