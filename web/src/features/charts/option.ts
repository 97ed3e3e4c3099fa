/** What ECharts is told for a chart's data. Colours come from the page's tokens. */
import type { EChartsCoreOption } from "echarts/core";
import { legendLabels, type ChartConfig, type ChartData } from "./model";

export interface Colours {
  text: string;
  muted: string;
  line: string;
  surface: string;
  palette: string[];
}

type Item = Record<string, unknown>;

export function optionOf(data: ChartData, config: ChartConfig, colours: Colours): EChartsCoreOption {
  const kind = data.chart_type;
  const base: Item = {
    animation: false,
    color: colours.palette,
    textStyle: { color: colours.text },
    grid: { left: 12, right: 16, top: 36, bottom: 12, containLabel: true },
    tooltip: { trigger: kind === "scatter plot" || kind === "pie chart" || kind === "heat map" ? "item" : "axis", backgroundColor: colours.surface, borderColor: colours.line, textStyle: { color: colours.text, fontSize: 12 } },
    aria: { enabled: true },
  };
  if (kind === "pie chart") return { ...base, ...pie(data, colours) };
  if (kind === "scatter plot") return { ...base, ...scatter(data, config, colours) };
  if (kind === "heat map") return { ...base, ...heat(data, config, colours) };
  if (kind === "histogram") return { ...base, ...histogram(data, config, colours) };
  return { ...base, ...cartesian(data, config, colours) };
}

const place = (data: ChartData, role: string) => data.columns.findIndex((column) => column.role === role);
const names = (data: ChartData, role: string) => data.columns.flatMap((column, index) => (column.role === role ? [index] : []));

function axis(colours: Colours, more: Item): Item {
  return { axisLine: { lineStyle: { color: colours.line } }, axisTick: { show: false }, axisLabel: { color: colours.muted, fontSize: 11, hideOverlap: true }, splitLine: { lineStyle: { color: colours.line, opacity: 0.6 } }, nameTextStyle: { color: colours.muted }, ...more };
}

function legend(colours: Colours, labels: string[]): Item {
  return { legend: labels.length > 1 ? { type: "scroll", top: 4, textStyle: { color: colours.text, fontSize: 11 }, pageTextStyle: { color: colours.text }, data: labels } : { show: false } };
}

/** The axis's name in its middle, with room for it; nothing when it has none. */
function named(name: string | undefined, gap: number): Item {
  return name ? { name, nameLocation: "middle", nameGap: gap } : { name: "" };
}

/** Room for a name below. */
function room(name: string | undefined, top = 36): Item {
  return { grid: { left: 12, right: 16, top, bottom: name ? 32 : 12, containLabel: true } };
}

function cartesian(data: ChartData, config: ChartConfig, colours: Colours): Item {
  const [x, series] = [place(data, "x"), place(data, "series")];
  const values = names(data, "y");
  const bars = data.chart_type.includes("bar");
  const time = data.chart_type.startsWith("time series");
  const sideways = config.chart_style === "horizontal" && bars;
  const categories = [...new Set(data.rows.map((row) => label(row[x])))];
  const list: Item[] =
    series < 0
      ? values.map((index) => ({ name: data.columns[index]?.name, data: data.rows.map((row) => row[index]) }))
      : data.series.map((one) => {
          const byX = new Map(data.rows.filter((row) => row[series] === one).map((row) => [label(row[x]), row[values[0] ?? 0]]));
          return { name: label(one), data: categories.map((category) => byX.get(category) ?? null) };
        });
  const labels = legendLabels(config);
  list.forEach((one, index) => {
    one.name = labels[index] || one.name;
  });
  const look = bars ? { type: "bar", barMaxWidth: 48, stack: series >= 0 ? "all" : undefined } : { type: "line", showSymbol: data.rows.length <= 60, symbolSize: 5, lineStyle: { width: 2 }, areaStyle: data.chart_type === "area chart" ? { opacity: 0.2 } : undefined, stack: data.chart_type === "area chart" && series >= 0 ? "all" : undefined, connectNulls: time };
  const category = axis(colours, { type: "category", data: categories, ...(sideways ? { name: config.x_axis_label ?? "" } : named(config.x_axis_label, 26)), inverse: sideways, splitLine: { show: false } });
  const value = axis(colours, { type: "value", name: config.y_axis_label ?? (values.length === 1 && series < 0 ? (data.columns[values[0] ?? 0]?.name ?? "") : ""), nameTextStyle: { color: colours.muted, align: "left" }, scale: !bars });
  return { xAxis: sideways ? value : category, yAxis: sideways ? category : value, series: list.map((one) => ({ ...look, ...one })), ...(sideways ? {} : room(config.x_axis_label)), ...legend(colours, list.map((one) => String(one.name))) };
}

function histogram(data: ChartData, config: ChartConfig, colours: Colours): Item {
  const [from, to, y] = [place(data, "x"), place(data, "x_end"), place(data, "y")];
  const labels = data.rows.map((row) => `${short(row[from])} – ${short(row[to])}`);
  return {
    xAxis: axis(colours, { type: "category", data: labels, ...named(config.x_axis_label, 26), axisLabel: { color: colours.muted, fontSize: 11, hideOverlap: true, formatter: (text: string) => text.split(" – ")[0] }, splitLine: { show: false } }),
    yAxis: axis(colours, { type: "value", name: config.y_axis_label || "rows", nameTextStyle: { color: colours.muted, align: "left" } }),
    series: [{ type: "bar", barCategoryGap: "4%", data: data.rows.map((row) => row[y]), name: "rows" }],
    ...room(config.x_axis_label),
    legend: { show: false },
  };
}

function pie(data: ChartData, colours: Colours): Item {
  const [x, y] = [place(data, "x"), place(data, "y")];
  return { series: [{ type: "pie", radius: ["35%", "68%"], data: data.rows.map((row) => ({ name: label(row[x]), value: row[y] })), label: { color: colours.text, formatter: "{b}: {d}%" }, itemStyle: { borderColor: colours.surface, borderWidth: 2 } }], legend: { show: false } };
}

function scatter(data: ChartData, config: ChartConfig, colours: Colours): Item {
  const [x, y, series] = [place(data, "x"), place(data, "y"), place(data, "series")];
  const type = data.rows.every((row) => typeof row[x] === "number") ? "value" : data.columns[x]?.type === "time" ? "time" : "category";
  const groups = series < 0 ? [null] : [...new Set(data.rows.map((row) => row[series]))];
  const list = groups.map((group) => ({ type: "scatter", symbolSize: 5, itemStyle: { opacity: 0.6 }, name: label(group), data: data.rows.filter((row) => series < 0 || row[series] === group).map((row) => [row[x], row[y]]) }));
  return { xAxis: axis(colours, { type, name: config.x_axis_label || data.columns[x]?.name, nameLocation: "middle", nameGap: 26, scale: true }), yAxis: axis(colours, { type: "value", name: config.y_axis_label || data.columns[y]?.name, scale: true }), grid: { left: 12, right: 16, top: 36, bottom: 32, containLabel: true }, series: list, ...legend(colours, series < 0 ? [] : list.map((one) => one.name)) };
}

function heat(data: ChartData, config: ChartConfig, colours: Colours): Item {
  const [x, series, y] = [place(data, "x"), place(data, "series"), place(data, "y")];
  const across = [...new Set(data.rows.map((row) => label(row[x])))];
  const down = [...new Set(data.rows.map((row) => label(row[series])))];
  const values = data.rows.map((row) => Number(row[y])).filter((value) => Number.isFinite(value));
  return {
    grid: { left: 12, right: 16, top: config.y_axis_label ? 32 : 12, bottom: config.x_axis_label ? 84 : 64, containLabel: true },
    xAxis: axis(colours, { type: "category", data: across, ...named(config.x_axis_label, 26), splitLine: { show: false } }),
    yAxis: axis(colours, { type: "category", data: down, name: config.y_axis_label ?? "", splitLine: { show: false } }),
    visualMap: { min: Math.min(...values), max: Math.max(...values), calculable: true, orient: "horizontal", left: "center", bottom: 0, itemHeight: 120, textStyle: { color: colours.muted, fontSize: 11 }, inRange: { color: [colours.surface, colours.palette[0]] } },
    series: [{ type: "heatmap", data: data.rows.map((row) => [across.indexOf(label(row[x])), down.indexOf(label(row[series])), row[y]]), emphasis: { itemStyle: { borderColor: colours.text, borderWidth: 1 } } }],
    legend: { show: false },
  };
}

export function label(value: unknown): string {
  return value === null || value === undefined ? "null" : String(value);
}

function short(value: unknown): string {
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : label(value);
}
