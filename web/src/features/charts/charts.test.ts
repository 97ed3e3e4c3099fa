import { describe, expect, it } from "vitest";
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

describe("optionOf", () => {
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
