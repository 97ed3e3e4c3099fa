/** A chart's configuration as a pipeline's file holds it, and what the server drew from it. */
import { familyOf } from "../outputs/grid/types";

export interface Metric {
  aggregation: string;
  column?: string;
}

export interface ChartConfig {
  chart_type?: string;
  x?: string[];
  y?: string[];
  group_by?: string[];
  metrics?: Metric[];
  limit?: number;
  buckets?: number;
  time_interval?: string;
  y_sort_order?: string;
  chart_style?: string;
  height?: number;
  x_axis_label?: string;
  y_axis_label?: string;
  legend_labels?: string | string[];
  order_by?: string[];
  [key: string]: unknown;
}

export interface ChartData {
  chart_type: string;
  columns: { name: string; role: "x" | "x_end" | "y" | "series"; type: string }[];
  rows: unknown[][];
  series: unknown[];
  total: number;
  note: string;
  version: string;
}

export const AGGREGATIONS = ["count", "count_distinct", "sum", "average", "median", "min", "max", "mode"];
export const INTERVALS = ["original", "second", "minute", "hour", "day", "week", "month", "quarter", "year"];

/** What the form asks for, by chart type. */
export interface Shape {
  type: string;
  label: string;
  x: "none" | "any" | "number" | "time";
  y: "none" | "number";
  metrics: boolean;
  series: boolean;
  extra: ("limit" | "buckets" | "time_interval" | "y_sort_order" | "chart_style")[];
}

export const SHAPES: Shape[] = [
  { type: "bar chart", label: "Bars", x: "any", y: "none", metrics: true, series: true, extra: ["limit", "y_sort_order", "chart_style"] },
  { type: "line chart", label: "Lines", x: "any", y: "none", metrics: true, series: true, extra: ["limit"] },
  { type: "area chart", label: "Area", x: "any", y: "none", metrics: true, series: true, extra: ["limit"] },
  { type: "time series line chart", label: "Time series, lines", x: "time", y: "none", metrics: true, series: true, extra: ["time_interval"] },
  { type: "time series bar chart", label: "Time series, bars", x: "time", y: "none", metrics: true, series: true, extra: ["time_interval"] },
  { type: "histogram", label: "Histogram", x: "number", y: "none", metrics: false, series: false, extra: ["buckets"] },
  { type: "scatter plot", label: "Scatter", x: "any", y: "number", metrics: false, series: true, extra: [] },
  { type: "pie chart", label: "Pie", x: "any", y: "none", metrics: true, series: false, extra: ["limit"] },
  { type: "heat map", label: "Heat map", x: "any", y: "none", metrics: true, series: true, extra: ["limit"] },
  { type: "number", label: "Number", x: "none", y: "none", metrics: true, series: false, extra: [] },
  { type: "table", label: "Table", x: "any", y: "none", metrics: false, series: false, extra: ["limit"] },
];

export function shapeOf(config: ChartConfig): Shape | undefined {
  return SHAPES.find((shape) => shape.type === config.chart_type);
}

/** Whether a chart is drawn by the code in its file, whatever type it has; the file of one made with the form is blank. */
export function hasCode(content: string | null): boolean {
  return content !== null && content.trim() !== "";
}

interface Column {
  name: string;
  type: string;
  distinct: number | null;
}

/** A first chart that shows something: a time series, else the best category by a number, else a histogram. */
export function suggest(columns: readonly Column[]): ChartConfig {
  const of = (family: string) => columns.filter((column) => familyOf(column.type) === family);
  const numbers = of("number").filter((column) => !/(^|_)id$/i.test(column.name));
  const time = of("time")[0];
  const category = [...of("text"), ...of("boolean"), ...of("number")].find(fewValues);
  // What is measured has fractions and many values; what has whole numbers and few is rather one more category.
  const fractions = (column: Column) => (/^(float|double|half|decimal)/i.test(column.type) ? 1 : 0);
  const measure = numbers
    .filter((column) => column.name !== category?.name)
    .sort((one, other) => fractions(other) - fractions(one) || (other.distinct ?? 0) - (one.distinct ?? 0))[0];
  const metrics: Metric[] = measure ? [{ aggregation: "average", column: measure.name }] : [{ aggregation: "count" }];
  if (category) return { chart_type: "bar chart", x: [category.name], metrics, limit: 30 };
  if (time) return { chart_type: "time series line chart", x: [time.name], metrics, time_interval: "day" };
  if (numbers[0]) return { chart_type: "histogram", x: [numbers[0].name], buckets: 30 };
  return { chart_type: "table", x: columns.slice(0, 5).map((column) => column.name), limit: 20 };
}

/** A configuration with another type: what the new one has no place for is dropped, what it needs is filled in. */
export function retype(config: ChartConfig, type: string, columns: readonly Column[]): ChartConfig {
  const shape = SHAPES.find((one) => one.type === type);
  const next: ChartConfig = { ...config, chart_type: type };
  if (!shape) return next;
  const fits = (column: Column | undefined) => column !== undefined && fitsAcross(shape, column);
  const x = (config.x ?? []).filter((name) => shape.x !== "none" && fits(columns.find((column) => column.name === name)));
  if (x.length === 0 && shape.x !== "none") {
    const first = columns.find(fits) ?? (shape.x === "time" ? columns.find((column) => familyOf(column.type) === "text" && /(^|_)(date|time|day|month|hour|at|on)(_|$)/i.test(column.name)) : undefined);
    if (first) x.push(first.name);
  }
  next.x = x.length > 0 ? x : undefined;
  next.metrics = shape.metrics ? (config.metrics?.length ? config.metrics : [{ aggregation: "count" }]) : undefined;
  const second = columns.filter((column) => familyOf(column.type) === "number" && column.name !== x[0])[0];
  next.y = shape.y === "number" ? (config.y?.length ? config.y : second ? [second.name] : undefined) : undefined;
  // What a heat map was divided by is no wish to split lines by it.
  const split = config.chart_type === "heat map" && type !== "heat map" ? [] : (config.group_by ?? []).filter((name) => name !== x[0]);
  next.group_by = shape.series && split.length > 0 ? split : undefined;
  if (type === "heat map" && !next.group_by) {
    // What was along the bottom before is the next best choice for the other side.
    const left = columns.filter((column) => column.name !== x[0]);
    const another = left.find((column) => config.x?.includes(column.name)) ?? left.find(fewValues) ?? left.find((column) => !/(^|_)id$/i.test(column.name)) ?? left[0];
    next.group_by = another ? [another.name] : undefined;
  }
  return next;
}

/** Whether a column can be the one that a chart goes along. */
export function fitsAcross(shape: Shape, column: Column): boolean {
  const family = familyOf(column.type);
  return shape.x === "any" || (shape.x === "number" && (family === "number" || family === "time")) || (shape.x === "time" && family === "time");
}

const fewValues = (column: Column) => column.distinct !== null && column.distinct > 1 && column.distinct <= 60;

/** The labels of a legend, as a file has them: a list, or text with commas. */
export function legendLabels(config: ChartConfig): string[] {
  const told = config.legend_labels ?? [];
  return (Array.isArray(told) ? told : String(told).split(",")).map((one) => String(one).trim());
}
