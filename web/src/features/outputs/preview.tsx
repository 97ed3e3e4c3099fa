import type { OutputSummary } from "../../api/types";
import { count, counted } from "../../app/format";
import { firstRows, shapeOf } from "./array";
import { familyOf, type Cell } from "./grid/types";
import { usePreferences, type Zone } from "../../app/preferences";
import { cellText } from "./grid/CellView";

interface TablePreview {
  columns: string[];
  rows: Cell[][];
  columns_left_out?: number;
}

export function isTablePreview(value: unknown): value is TablePreview {
  return typeof value === "object" && value !== null && Array.isArray((value as TablePreview).columns) && Array.isArray((value as TablePreview).rows);
}

/** Whether its summary has rows to show. */
export function hasRows(output: OutputSummary): boolean {
  return isTablePreview(output.preview) || (shapeOf(output)?.shape.length ?? 0) > 0;
}

/** The first rows of a table out of its summary: no request is made for it. */
export function PreviewTable({ output, rows = 5, columns = 12 }: { output: OutputSummary; rows?: number; columns?: number }) {
  const array = shapeOf(output);
  const corner = array && firstRows(array);
  if (array && corner) {
    const shown = corner.columns.map((name) => ({ name, type: array.dtype }));
    return <Preview columns={shown} preview={{ columns: corner.columns, rows: corner.rows as Cell[][] }} total={array.shape.length > 1 ? (array.shape.at(-1) ?? 0) : 1} rows={rows} most={columns} />;
  }
  if (!isTablePreview(output.preview)) return null;
  return <Preview columns={output.columns} preview={output.preview} total={columnsOf(output)} rows={rows} most={columns} />;
}

interface PreviewProps {
  columns: readonly { name: string; type: string }[];
  preview: TablePreview;
  /** How many columns there are in all. */
  total: number;
  rows: number;
  most: number;
}

function Preview({ columns, preview, total, rows, most }: PreviewProps) {
  const zone = usePreferences((held) => held.zone);
  const names = preview.columns.slice(0, most);
  const left = total - names.length;
  const types = new Map(columns.map((column) => [column.name, column.type]));
  const families = names.map((name) => familyOf(types.get(name) ?? ""));
  const numeric = names.map((name) => familyOf(types.get(name) ?? "") === "number");
  return (
    <div className="overflow-x-auto" tabIndex={0} role="group" aria-label="First rows">
      <table className="tabular border-collapse text-[12px]">
        <thead>
          <tr>
            {names.map((name, index) => (
              <th key={index} scope="col" title={types.get(name)} className={numeric[index] ? "whitespace-nowrap border-b border-line px-2 py-0.5 text-right font-semibold" : "whitespace-nowrap border-b border-line px-2 py-0.5 text-left font-semibold"}>{name}</th>
            ))}
            {left > 0 && <th scope="col" className="whitespace-nowrap border-b border-line px-2 text-left font-normal text-muted">+{count(left)} columns</th>}
          </tr>
        </thead>
        <tbody>
          {preview.rows.slice(0, rows).map((row, at) => (
            <tr key={at}>
              {names.map((_, index) => (
                <td key={index} className={numeric[index] ? "max-w-60 truncate whitespace-nowrap border-b border-s2 px-2 py-0.5 text-right" : "max-w-60 truncate whitespace-nowrap border-b border-s2 px-2 py-0.5"}>
                  {row[index] === null || row[index] === undefined ? <i className="text-muted">null</i> : valueText(row[index], families[index] ?? "other", zone)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function valueText(value: unknown, family: string, zone: Zone): string {
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  const text = cellText(value as Cell, family, zone);
  return family === "time" ? text.replace(/^(\d{4}-\d\d-\d\d)T/, "$1 ") : text;
}

interface PicturePreview {
  mime: string;
  base64?: string;
  json?: string;
}

export function pictureOf(value: unknown): PicturePreview | null {
  if (typeof value !== "object" || value === null) return null;
  const found = value as PicturePreview;
  return typeof found.mime === "string" ? found : null;
}

/** How many columns an output has, also where not all of them are told. */
export function columnsOf(output: OutputSummary): number {
  return Math.max(output.columns_total ?? 0, output.columns.length);
}

/** One line that says what an output is: "336,776 rows × 19 columns", "text", "model". */
export function describe(output: OutputSummary): string {
  if (output.rows !== null && output.columns.length > 0) return `${counted(output.rows, "row")} × ${counted(columnsOf(output), "column")}`;
  const array = shapeOf(output);
  if (array) return `array ${array.shape.map(count).join(" × ")} ${array.dtype}`.trim();
  if (output.rows !== null) return `${output.kind} of ${count(output.rows)}`;
  return output.kind;
}
