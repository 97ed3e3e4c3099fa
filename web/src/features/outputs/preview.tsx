import type { OutputSummary } from "../../api/types";
import { count } from "../../app/format";
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

/** The first rows of a table out of its summary: no request is made for it. */
export function PreviewTable({ output, rows = 5, columns = 12 }: { output: OutputSummary; rows?: number; columns?: number }) {
  if (!isTablePreview(output.preview)) return null;
  return <Preview output={output} preview={output.preview} rows={rows} columns={columns} />;
}

function Preview({ output, preview, rows, columns }: { output: OutputSummary; preview: TablePreview; rows: number; columns: number }) {
  const zone = usePreferences((held) => held.zone);
  const names = preview.columns.slice(0, columns);
  const left = output.columns.length - names.length;
  const types = new Map(output.columns.map((column) => [column.name, column.type]));
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

/** One line that says what an output is: "336,776 rows × 19 columns", "text", "model". */
export function describe(output: OutputSummary): string {
  if (output.rows !== null && output.columns.length > 0) return `${count(output.rows)} rows × ${count(output.columns.length)} columns`;
  if (output.rows !== null) return `${output.kind} of ${count(output.rows)}`;
  return output.kind;
}
