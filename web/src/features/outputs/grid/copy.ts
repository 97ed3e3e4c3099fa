import type { Cell } from "./types";

export interface Range {
  row0: number;
  row1: number;
  column0: number;
  column1: number;
}

export const MOST_COPIED = 20_000;

export function rangeOf(anchor: [number, number], focus: [number, number]): Range {
  return {
    row0: Math.min(anchor[0], focus[0]),
    row1: Math.max(anchor[0], focus[0]),
    column0: Math.min(anchor[1], focus[1]),
    column1: Math.max(anchor[1], focus[1]),
  };
}

const TAB_NEEDS_QUOTES = /[\t\n\r"]/;

export type CopyForm = "tabs" | "csv" | "markdown" | "json";

/** Cells as text of a form; those without a header line get none. */
export function asForm(form: CopyForm, rows: Cell[][], header: string[]): string {
  if (form === "csv") return asCsv(rows, header);
  if (form === "markdown") return asMarkdown(rows, header);
  return form === "json" ? asJson(rows, header) : asTabs(rows, header);
}

/** For a spreadsheet: tabs between cells, quotes where a cell holds tabs or line ends. */
export function asTabs(rows: Cell[][], header: string[] | null): string {
  const lines = header ? [header as Cell[], ...rows] : rows;
  return lines.map((line) => line.map((cell) => quoted(cell)).join("\t")).join("\n");
}

function quoted(cell: Cell): string {
  const text = cell === null ? "" : String(cell);
  return TAB_NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const COMMA_NEEDS_QUOTES = /[,\n\r"]/;

/** Commas between cells; an empty text is quoted, so that it is no null. */
export function asCsv(rows: Cell[][], header: string[]): string {
  const field = (cell: Cell) => {
    if (cell === null) return "";
    const text = String(cell);
    return text === "" || COMMA_NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [header as Cell[], ...rows].map((line) => line.map(field).join(",")).join("\n");
}

export function asMarkdown(rows: Cell[][], header: string[]): string {
  const escape = (cell: Cell) => (cell === null ? "" : String(cell).replaceAll("|", "\\|").replaceAll("\n", " "));
  return [header, header.map(() => "---"), ...rows].map((line) => `| ${line.map(escape).join(" | ")} |`).join("\n");
}

export function asJson(rows: Cell[][], header: string[]): string {
  return JSON.stringify(rows.map((row) => Object.fromEntries(row.map((cell, index) => [header[index] ?? `${index}`, cell]))), null, 2);
}
