import { useState } from "react";
import type { OutputSummary } from "../../api/types";
import { count } from "../../app/format";
import { Input } from "../../ui/fields";
import { shapeOf } from "./array";
import type { OutputRef } from "./queries";
import { TablePanel } from "./TablePanel";

/** A numpy array as a table: its last axis is the columns, the one before the rows; of the others, one place is chosen. */
export function ArrayPanel({ target, summary }: { target: OutputRef; summary: OutputSummary }) {
  const { shape, dtype } = shapeOf(summary) ?? { shape: [], dtype: "" };
  const axes = shape.slice(0, Math.max(0, shape.length - 2));
  const [places, setPlaces] = useState<readonly number[]>(() => axes.map(() => 0));
  const put = (axis: number, text: string) => {
    const most = (axes[axis] ?? 1) - 1;
    const at = Math.max(0, Math.min(most, Math.trunc(Number(text)) || 0));
    setPlaces(places.map((one, other) => (other === axis ? at : one)));
  };
  const rows = shape.length > 1 ? (shape.at(-2) ?? 0) : (shape[0] ?? 0);
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-none flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-2 py-1 text-[12px] text-muted">
        <span className="tabular">{shape.map(count).join(" × ")} <span className="font-mono">{dtype}</span></span>
        {axes.map((size, axis) => (
          <label key={axis} className="inline-flex items-center gap-1">
            Axis {axis}
            <Input type="number" min={0} max={size - 1} value={places[axis]} className="!h-6 !w-16" onChange={(event) => put(axis, event.target.value)} />
            <span>of {count(size)}</span>
          </label>
        ))}
      </div>
      <div className="min-h-0 flex-1">
        <TablePanel key={places.join()} target={axes.length > 0 ? { ...target, at: places.join(",") } : target} columns={[]} total={rows} />
      </div>
    </div>
  );
}
