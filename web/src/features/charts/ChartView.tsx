import { lazy, Suspense } from "react";
import type { ECharts } from "echarts/core";
import { count } from "../../app/format";
import { ErrorCard, Spinner } from "../../ui/feedback";
import { MimeView } from "../outputs/MimeView";
import type { ChartConfig, ChartData } from "./model";
import { label } from "./option";
import type { CodeChart } from "./queries";

const EChart = lazy(() => import("./EChart"));

/** A chart as it is drawn: on a canvas, as a figure, or as a table; always with its points for a screen reader. */
export function ChartView({ data, config, table, onReady }: { data: ChartData; config: ChartConfig; table: boolean; onReady?: (chart: ECharts) => void }) {
  if (data.rows.length === 0) return <p className="flex h-full items-center justify-center text-muted">There is nothing to draw: no row has a value here.</p>;
  if (data.chart_type === "number") {
    const value = data.rows[0]?.[data.columns.findIndex((column) => column.role === "y")];
    return (
      <div className="flex h-full flex-col items-center justify-center">
        <div className="tabular text-[40px] font-semibold leading-[48px]">{typeof value === "number" ? Number(value.toPrecision(8)).toLocaleString("en-US") : label(value)}</div>
        <div className="text-muted">{String(data.series[0] ?? "")}</div>
      </div>
    );
  }
  if (data.chart_type === "table" || table) return <PointTable columns={data.columns.map((column) => column.name)} rows={data.rows} />;
  return (
    <Suspense fallback={<div className="p-4"><Spinner label="Loading the chart" /></div>}>
      <EChart data={data} config={config} onReady={onReady} />
    </Suspense>
  );
}

export function PointTable({ columns, rows }: { columns: readonly string[]; rows: readonly unknown[][] }) {
  return (
    <div className="h-full overflow-auto">
      <table className="tabular w-full border-collapse text-[12px]">
        <thead className="sticky top-0 bg-s1"><tr>{columns.map((name, index) => <th key={index} scope="col" className="whitespace-nowrap border-b border-line px-3 py-1 text-left font-semibold">{name}</th>)}</tr></thead>
        <tbody>
          {rows.slice(0, 1000).map((row, at) => (
            <tr key={at}>{columns.map((_, index) => <td key={index} className={`whitespace-nowrap border-b border-s2 px-3 py-0.5 ${typeof row[index] === "number" ? "text-right" : ""}`}>{typeof row[index] === "number" ? Number((row[index] as number).toPrecision(8)).toLocaleString("en-US") : label(row[index])}</td>)}</tr>
          ))}
        </tbody>
      </table>
      {rows.length > 1000 && <p className="p-2 text-muted">{count(rows.length - 1000)} more.</p>}
    </div>
  );
}

/** What the code of a chart has made. */
export function CodeChartView({ result, pending, error }: { result: CodeChart | undefined; pending: boolean; error: unknown }) {
  if (pending) return <div className="p-4"><Spinner label="Running the chart’s code" /></div>;
  if (error) return <ErrorCard className="m-3" error={error} />;
  if (!result) return <p className="p-4 text-muted">This chart is drawn by its own code. Press Run to draw it.</p>;
  if (result.mime) return <MimeView mime={result.mime} />;
  if (!result.points) return <p className="p-4 text-muted">The chart’s code has drawn nothing.</p>;
  return <ChartView data={{ ...result.points, version: result.version }} config={{ chart_type: result.points.chart_type }} table={false} />;
}
