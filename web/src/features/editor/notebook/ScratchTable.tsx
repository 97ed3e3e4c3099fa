import { count } from "../../../app/format";

export const TABLE = "application/vnd.penstock.table+json";

export interface Table {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  rows_total: number;
  columns_total: number;
  index?: string[];
}

const MOST_ROWS = 100;

/** The first rows of a frame that a cell of a scratchpad has shown. */
export function ScratchTable({ table }: { table: Table }) {
  const { columns, rows, index } = table;
  const cell = "max-w-72 truncate whitespace-nowrap border-b border-s2 px-2 py-0.5";
  return (
    <div className="py-1">
      <div className="max-h-72 overflow-auto" tabIndex={0} role="group" aria-label="Rows">
        <table className="tabular border-collapse text-[12px]">
          <thead className="sticky top-0 bg-s0">
            <tr>
              {index && <th scope="col" aria-label="Index" className="border-b border-line px-2" />}
              {columns.map((column) => (
                <th key={column.name} scope="col" title={column.type} className="whitespace-nowrap border-b border-line px-2 py-0.5 text-left font-semibold">{column.name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST_ROWS).map((row, at) => (
              <tr key={at}>
                {index && <th scope="row" className={`${cell} text-left font-normal text-muted`}>{index[at]}</th>}
                {row.map((value, column) => (
                  <td key={column} className={typeof value === "number" ? `${cell} text-right` : cell}>{shown(value)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="pt-0.5 text-meta text-muted">
        {count(table.rows_total)} {table.rows_total === 1 ? "row" : "rows"} × {count(table.columns_total)} {table.columns_total === 1 ? "column" : "columns"}
        {table.rows_total > Math.min(rows.length, MOST_ROWS) && `, the first ${count(Math.min(rows.length, MOST_ROWS))} shown`}
      </p>
    </div>
  );
}

function shown(value: unknown) {
  if (value === null || value === undefined) return <i className="text-muted">null</i>;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
