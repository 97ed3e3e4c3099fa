import { Plus, X } from "lucide-react";
import { familyOf } from "../outputs/grid/types";
import { Button, IconButton } from "../../ui/Button";
import { Field, Input, Select } from "../../ui/fields";
import { AGGREGATIONS, fitsAcross, INTERVALS, legendLabels, retype, shapeOf, SHAPES, type ChartConfig, type Metric } from "./model";

interface Column {
  name: string;
  type: string;
  distinct: number | null;
}

interface Props {
  config: ChartConfig;
  columns: readonly Column[];
  onChange: (config: ChartConfig) => void;
}

/** What a chart shows: type, columns, aggregations. Every change is drawn at once. */
export function ChartForm({ config, columns, onChange }: Props) {
  const shape = shapeOf(config);
  const set = (changes: Partial<ChartConfig>) => onChange({ ...config, ...changes });
  // Text may hold dates; the server reads those that are written as such.
  const fitting = columns.filter((column) => !shape || fitsAcross(shape, column) || (shape.x === "time" && familyOf(column.type) === "text"));
  const metrics = config.metrics ?? [];
  const words = (key: "x_axis_label" | "y_axis_label", label: string) => (
    <Field label={label}>{(id) => <Input id={id} value={config[key] ?? ""} placeholder="by itself" onChange={(event) => set({ [key]: event.target.value || undefined })} />}</Field>
  );
  const number = (key: "limit" | "buckets", label: string, fallback: string) => (
    <Field label={label}>{(id) => <Input id={id} type="number" min={1} max={2000} value={config[key] ?? ""} placeholder={fallback} onChange={(event) => set({ [key]: event.target.value ? Number(event.target.value) : undefined })} />}</Field>
  );
  return (
    <div className="grid grid-cols-[repeat(auto-fill,minmax(140px,1fr))] gap-3 p-3">
      <Field label="Chart">{(id) => (
        <Select id={id} className="w-full" value={config.chart_type ?? ""} onChange={(event) => onChange(retype(config, event.target.value, columns))}>
          {!shape && <option value={config.chart_type ?? ""}>{config.chart_type ?? "none"}</option>}
          {SHAPES.map((one) => <option key={one.type} value={one.type}>{one.label}</option>)}
        </Select>
      )}</Field>
      {shape && shape.x !== "none" && shape.type !== "table" && <ColumnField label={shape.type === "scatter plot" ? "Across" : shape.type === "histogram" ? "Column" : "By"} columns={fitting} value={config.x?.[0]} onChange={(name) => set({ x: name ? [name] : undefined })} />}
      {shape?.type === "table" && <Field label="Columns" hint="With commas between them.">{(id) => <Input id={id} defaultValue={(config.x ?? []).join(", ")} onBlur={(event) => set({ x: event.target.value.split(",").map((part) => part.trim()).filter(Boolean) })} />}</Field>}
      {shape?.y === "number" && <ColumnField label="Up" columns={columns.filter((column) => familyOf(column.type) === "number")} value={config.y?.[0]} onChange={(name) => set({ y: name ? [name] : undefined })} />}
      {shape?.metrics && (
        <div className="col-span-full flex flex-col gap-1">
          <span className="font-medium">Shows</span>
          {metrics.map((metric, index) => (
            <MetricRow key={index} metric={metric} columns={columns} only={metrics.length === 1} onChange={(next) => set({ metrics: metrics.map((one, at) => (at === index ? next : one)) })} onRemove={() => set({ metrics: metrics.filter((_, at) => at !== index) })} />
          ))}
          {shape.type !== "pie chart" && shape.type !== "heat map" && shape.type !== "number" && <Button look="quiet" className="self-start" icon={<Plus size={13} aria-hidden="true" />} onClick={() => set({ metrics: [...metrics, { aggregation: "count" }] })}>Another figure</Button>}
        </div>
      )}
      {shape?.series && <ColumnField label={shape.type === "heat map" ? "And by" : "Split by"} columns={columns} value={config.group_by?.find((name) => name !== config.x?.[0])} onChange={(name) => set({ group_by: name ? [name] : undefined })} optional={shape.type !== "heat map"} />}
      {shape?.extra.includes("limit") && number("limit", "At most", "100")}
      {shape?.extra.includes("buckets") && number("buckets", "Buckets", "20")}
      {shape?.extra.includes("time_interval") && (
        <Field label="Interval">{(id) => <Select id={id} className="w-full" value={config.time_interval ?? "original"} onChange={(event) => set({ time_interval: event.target.value })}>{INTERVALS.map((one) => <option key={one}>{one}</option>)}</Select>}</Field>
      )}
      {shape?.type === "table" && <OrderBy value={config.order_by?.[0]} columns={columns} onChange={(name) => set({ order_by: name ? [name] : undefined })} />}
      {shape?.extra.includes("y_sort_order") && (
        <Field label="Order">{(id) => <Select id={id} className="w-full" value={config.y_sort_order ?? ""} onChange={(event) => set({ y_sort_order: event.target.value || undefined })}><option value="">by name</option><option value="descending">largest first</option><option value="ascending">smallest first</option></Select>}</Field>
      )}
      {shape?.extra.includes("chart_style") && (
        <Field label="Bars">{(id) => <Select id={id} className="w-full" value={config.chart_style ?? "vertical"} onChange={(event) => set({ chart_style: event.target.value })}><option>vertical</option><option>horizontal</option></Select>}</Field>
      )}
      {shape && !["table", "number", "pie chart"].includes(shape.type) && words("x_axis_label", "Name of the x axis")}
      {shape && !["table", "number", "pie chart"].includes(shape.type) && words("y_axis_label", "Name of the y axis")}
      {shape?.metrics && shape.series && shape.type !== "heat map" && (
        <Field label="Legend" hint="In order, with commas between.">{(id) => <Input id={id} value={legendLabels(config).join(", ").replace(/^(, )+$/, "")} placeholder="by itself" onChange={(event) => set({ legend_labels: event.target.value ? event.target.value.split(",").map((one) => one.replace(/^ /, "")) : undefined })} />}</Field>
      )}
      {shape && shape.type !== "number" && <Field label="Height">{(id) => <Input id={id} type="number" min={120} max={1200} step={20} value={config.height ?? ""} placeholder="300" onChange={(event) => set({ height: event.target.value ? Number(event.target.value) : undefined })} />}</Field>}
    </div>
  );
}

/** The order of a table's rows, as a file has it: a column's name, with "desc" after it for the largest first. */
function OrderBy({ value = "", columns, onChange }: { value?: string; columns: readonly Column[]; onChange: (value: string | undefined) => void }) {
  const down = / desc$/i.test(value);
  const name = value.replace(/ (desc|asc)$/i, "");
  return (
    <>
      <ColumnField label="Order by" columns={columns} value={name || undefined} onChange={(next) => onChange(next ? `${next}${down ? " desc" : ""}` : undefined)} optional />
      {name && <Field label="First">{(id) => <Select id={id} className="w-full" value={down ? "desc" : "asc"} onChange={(event) => onChange(`${name}${event.target.value === "desc" ? " desc" : ""}`)}><option value="asc">smallest</option><option value="desc">largest</option></Select>}</Field>}
    </>
  );
}

function ColumnField({ label, columns, value, onChange, optional = false }: { label: string; columns: readonly Column[]; value: string | undefined; onChange: (name: string) => void; optional?: boolean }) {
  return (
    <Field label={label}>{(id) => (
      <Select id={id} className="w-full" value={value ?? ""} onChange={(event) => onChange(event.target.value)}>
        {(optional || value === undefined) && <option value="">{optional ? "nothing" : "choose a column"}</option>}
        {value !== undefined && !columns.some((column) => column.name === value) && <option>{value}</option>}
        {columns.map((column) => <option key={column.name} value={column.name}>{column.name}</option>)}
      </Select>
    )}</Field>
  );
}

function MetricRow({ metric, columns, only, onChange, onRemove }: { metric: Metric; columns: readonly Column[]; only: boolean; onChange: (metric: Metric) => void; onRemove: () => void }) {
  const sums = ["sum", "average", "median"].includes(metric.aggregation);
  const usable = sums ? columns.filter((column) => ["number", "boolean"].includes(familyOf(column.type))) : columns;
  return (
    <div className="flex items-center gap-2">
      <Select aria-label="Aggregation" value={metric.aggregation} onChange={(event) => onChange({ aggregation: event.target.value, column: metric.column ?? (event.target.value === "count" ? undefined : usable[0]?.name) })}>
        {AGGREGATIONS.map((one) => <option key={one} value={one}>{one.replace("_", " ")}</option>)}
      </Select>
      <span className="text-muted">of</span>
      <Select aria-label="Column" className="min-w-0 flex-1" value={metric.column ?? ""} onChange={(event) => onChange({ ...metric, column: event.target.value || undefined })}>
        {metric.aggregation === "count" && <option value="">rows</option>}
        {usable.map((column) => <option key={column.name} value={column.name}>{column.name}</option>)}
      </Select>
      {!only && <IconButton label="Remove this figure" onClick={onRemove}><X size={13} aria-hidden="true" /></IconButton>}
    </div>
  );
}
