import type { MouseEvent } from "react";
import type { Zone } from "../../../app/preferences";
import type { Cell } from "./types";
import { shownTime } from "./zones";

interface CellProps {
  id: string;
  value: Cell | undefined;
  family: string;
  zone: Zone;
  left: number;
  width: number;
  index: number;
  selected: boolean;
  focused: boolean;
  onMouseDown: (event: MouseEvent) => void;
  onContextMenu: () => void;
  onMouseEnter: (event: MouseEvent) => void;
  onDoubleClick: () => void;
}

export function CellView({ id, value, family, zone, left, width, index, selected, focused, ...events }: CellProps) {
  const kind = value === undefined ? "loading" : value === null ? "null" : typeof value === "number" ? "number" : family;
  return (
    <div id={id} className="grid-cell" data-kind={kind} data-selected={selected || undefined} data-focused={focused || undefined} style={{ left, width }} role="gridcell" aria-colindex={index + 2} aria-selected={selected} {...events}>
      {cellText(value, family, zone)}
    </div>
  );
}

/** A cell as it is read: moments with a zone in the one that the settings name. */
export function cellText(value: Cell | undefined, family: string, zone: Zone): string {
  return family === "time" && typeof value === "string" ? shownTime(value, zone) : textOf(value);
}

/** Whether a condition can name a cell's value: not one that is only there in part, nor one that equals nothing. */
export function comparable(value: Cell | undefined, family: string): boolean {
  if (value === undefined || (typeof value === "number" && Number.isNaN(value))) return false;
  return value === null || (family !== "other" && String(value).length < 1000);
}

/** Null, NaN and the empty text are three things and look like three. */
export function textOf(value: Cell | undefined): string {
  if (value === undefined) return "";
  if (value === null) return "null";
  if (value === "") return "“”";
  // Nine digits tell apart what a person compares; the cell that is opened, copied or downloaded has all of them.
  if (typeof value === "number") return Number.isNaN(value) ? "NaN" : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(9)));
  return typeof value === "boolean" ? String(value) : value;
}
