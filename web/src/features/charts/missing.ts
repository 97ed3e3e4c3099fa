/** What a chart still needs before it can be drawn, in words. */
import { familyOf } from "../outputs/grid/types";
import { shapeOf, type ChartConfig } from "./model";

interface Column {
  name: string;
  type: string;
}

/** A sentence that says what to choose, or why this output has nothing to choose; empty when the chart can be drawn. */
export function missing(config: ChartConfig, columns: readonly Column[]): string {
  const shape = shapeOf(config);
  if (!shape || shape.type === "table") return "";
  const bare = config.metrics?.find((metric) => metric.aggregation !== "count" && !metric.column);
  if (shape.metrics && bare) return `Choose the column of the figure: ${bare.aggregation.replace("_", " ")} of what?`;
  const groups = [...new Set([...(config.x ?? []).slice(0, 1), ...(config.group_by ?? [])])];
  const of = (name: string | undefined) => columns.find((column) => column.name === name);
  switch (shape.type) {
    case "number":
      return "";
    case "heat map":
      if (groups.length >= 2 || (groups.length === 1 && config.y?.length)) return "";
      return columns.length === 1 ? "A heat map needs two columns, and this output has one." : "A heat map needs two columns: choose one for By and one for And by.";
    case "scatter plot":
      if ((config.x?.length && config.y?.length) || groups.length >= 2) return "";
      return columns.some((column) => familyOf(column.type) === "number") ? "A scatter plot needs two columns: choose one for Across and one for Up." : "A scatter plot needs a column of numbers for Up, and this output has none.";
    case "time series line chart":
    case "time series bar chart":
      return ofTimes(groups[0], of(groups[0]), columns);
    case "histogram": {
      const column = of(groups[0]);
      if (column && !["number", "time"].includes(familyOf(column.type))) return `A histogram needs numbers or times: ${column.name} holds ${column.type}. Bars count how often each value is there.`;
      if (groups.length > 0) return "";
      return columns.some((one) => ["number", "time"].includes(familyOf(one.type))) ? "Choose the column of numbers or times." : "A histogram needs a column of numbers or times, and this output has none.";
    }
    default:
      return groups.length > 0 ? "" : "Choose a column for By.";
  }
}

function ofTimes(name: string | undefined, column: Column | undefined, columns: readonly Column[]): string {
  if (column && !["time", "text"].includes(familyOf(column.type))) return `A time series needs dates or times: ${column.name} holds ${column.type}. Choose another column, or convert it in the block.`;
  if (name !== undefined) return "";
  if (columns.some((one) => familyOf(one.type) === "time")) return "Choose the column of dates or times for By.";
  return "A time series needs a column of dates or times, and this output has none. Make one in the block, for example with pd.to_datetime(...).";
}
