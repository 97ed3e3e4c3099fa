import { describe, expect, it } from "vitest";
import { missing } from "./missing";
import { hasCode, retype, suggest, type ChartData } from "./model";
import { optionOf, type Colours } from "./option";

const colours: Colours = { text: "#000", muted: "#555", line: "#ddd", surface: "#fff", palette: ["#00f"] };
const columns = [
  { name: "flight_id", type: "int64", distinct: 9000 },
  { name: "hour", type: "int64", distinct: 24 },
  { name: "carrier", type: "str", distinct: 16 },
  { name: "dep_delay", type: "float64", distinct: 500 },
];

describe("suggest", () => {
  it("draws a category by a number that is no id", () => {
    expect(suggest(columns)).toMatchObject({ chart_type: "bar chart", x: ["carrier"], metrics: [{ aggregation: "average", column: "dep_delay" }] });
    expect(suggest([{ name: "price", type: "float64", distinct: 900 }])).toMatchObject({ chart_type: "histogram", x: ["price"] });
    expect(suggest([{ name: "at", type: "timestamp[us]", distinct: 900 }])).toMatchObject({ chart_type: "time series line chart" });
  });
});

describe("hasCode", () => {
  it("tells a chart by code from one made with the form", () => {
    expect(hasCode("x = df_1['delay']\n")).toBe(true);
    expect(hasCode("\n")).toBe(false);
    expect(hasCode(null)).toBe(false);
  });
});

describe("retype", () => {
  it("keeps what fits and fills in what is needed", () => {
    const scatter = retype({ chart_type: "bar chart", x: ["hour"], metrics: [{ aggregation: "count" }], limit: 5 }, "scatter plot", columns);
    expect(scatter).toMatchObject({ chart_type: "scatter plot", x: ["hour"], y: ["flight_id"], limit: 5 });
    expect(scatter.metrics).toBeUndefined();
    expect(retype({ chart_type: "bar chart", x: ["carrier"] }, "histogram", columns).x).toEqual(["flight_id"]);
  });
});

describe("retype to what needs more", () => {
  it("gives a heat map a second column, the one it had before if that fits", () => {
    expect(retype({ chart_type: "bar chart", x: ["carrier"] }, "heat map", columns)).toMatchObject({ x: ["carrier"], group_by: ["hour"] });
    expect(retype({ chart_type: "bar chart", x: ["carrier"], group_by: ["dep_delay"] }, "heat map", columns).group_by).toEqual(["dep_delay"]);
    const one = retype({ chart_type: "bar chart", x: ["carrier"] }, "heat map", columns.slice(2, 3));
    expect(missing(one, columns.slice(2, 3))).toContain("this output has one");
  });

  it("gives a time series its time, also one that is text, and says when there is none", () => {
    const timed = [...columns, { name: "time_hour", type: "str", distinct: 900 }];
    expect(retype({ chart_type: "bar chart", x: ["carrier"] }, "time series line chart", timed).x).toEqual(["time_hour"]);
    expect(retype({ chart_type: "bar chart", x: ["carrier"] }, "time series line chart", [...timed, { name: "at", type: "timestamp[us]", distinct: 9 }]).x).toEqual(["at"]);
    expect(missing(retype({ chart_type: "bar chart", x: ["carrier"] }, "time series bar chart", columns), columns)).toContain("has none");
  });
});

describe("missing", () => {
  it("is empty for a chart that can be drawn", () => {
    for (const config of [suggest(columns), retype(suggest(columns), "heat map", columns), retype(suggest(columns), "histogram", columns), { chart_type: "scatter plot", x: ["hour"], y: ["dep_delay"] }, { chart_type: "table" }, { chart_type: "custom" }]) expect(missing(config, columns)).toBe("");
  });

  it("says what to choose", () => {
    expect(missing({ chart_type: "bar chart", metrics: [{ aggregation: "count" }] }, columns)).toBe("Choose a column for By.");
    expect(missing({ chart_type: "bar chart", x: ["hour"], metrics: [{ aggregation: "sum" }] }, columns)).toContain("sum of what");
    expect(missing({ chart_type: "histogram", x: ["carrier"] }, columns)).toContain("carrier holds str");
    expect(missing({ chart_type: "time series line chart", x: ["hour"] }, columns)).toContain("hour holds int64");
    expect(missing({ chart_type: "scatter plot", x: ["hour"] }, columns)).toContain("for Up");
  });
});

describe("optionOf", () => {
  it("takes names of axes and of the legend from the configuration", () => {
    const data: ChartData = { chart_type: "bar chart", columns: [{ name: "c", role: "x", type: "text" }, { name: "n", role: "y", type: "number" }, { name: "m", role: "y", type: "number" }], rows: [["a", 1, 2]], series: ["n", "m"], total: 1, note: "", version: "1" };
    const option = optionOf(data, { x_axis_label: "carrier", y_axis_label: "minutes", legend_labels: "late, " }, colours) as { series: { name: string }[]; xAxis: { name: string }; yAxis: { name: string }; legend: { data: string[] } };
    expect([option.xAxis.name, option.yAxis.name, option.series.map((one) => one.name), option.legend.data]).toEqual(["carrier", "minutes", ["late", "m"], ["late", "m"]]);
  });

  it("makes a series of each value of a second column, with gaps where there is none", () => {
    const data: ChartData = {
      chart_type: "bar chart",
      columns: [{ name: "month", role: "x", type: "text" }, { name: "origin", role: "series", type: "text" }, { name: "count", role: "y", type: "number" }],
      rows: [["Jan", "JFK", 3], ["Feb", "JFK", 4], ["Feb", "LGA", 5]],
      series: ["JFK", "LGA"],
      total: 12,
      note: "",
      version: "1",
    };
    const option = optionOf(data, {}, colours) as { series: { name: string; data: unknown[] }[]; xAxis: { data: string[] } };
    expect(option.xAxis.data).toEqual(["Jan", "Feb"]);
    expect(option.series.map((one) => [one.name, one.data])).toEqual([["JFK", [3, 4]], ["LGA", [null, 5]]]);
  });

  it("lays bars down when they are to be horizontal", () => {
    const data: ChartData = { chart_type: "bar chart", columns: [{ name: "c", role: "x", type: "text" }, { name: "n", role: "y", type: "number" }], rows: [["a", 1]], series: ["n"], total: 1, note: "", version: "1" };
    const option = optionOf(data, { chart_style: "horizontal" }, colours) as { yAxis: { type: string } };
    expect(option.yAxis.type).toBe("category");
  });
});
