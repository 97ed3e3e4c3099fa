import type { OutputSummary } from "../../api/types";

interface ArrayPreview {
  shape: number[];
  dtype: string;
  values: unknown[];
}

const SHOWN_COLUMNS = 100;

/** The shape of a numpy array, and how its values are stored; null for what is none. */
export function shapeOf({ kind, preview }: Pick<OutputSummary, "kind" | "preview">): ArrayPreview | null {
  const found = preview as Partial<ArrayPreview> | null;
  if (kind !== "array" || typeof found !== "object" || !Array.isArray(found?.shape) || !Array.isArray(found.values)) return null;
  return { shape: found.shape, dtype: String(found.dtype ?? ""), values: found.values };
}

/** The first rows of an array as a table, as the preview holds them: those of the first place on all axes but two. */
export function firstRows({ shape, values }: ArrayPreview): { columns: string[]; rows: unknown[][] } | null {
  if (shape.length === 0) return null;
  if (shape.length === 1) return { columns: ["value"], rows: values.map((value) => [value]) };
  // The preview holds at most so many of each axis.
  const width = Math.min(shape.at(-1) ?? 0, SHOWN_COLUMNS);
  const height = Math.min(shape.at(-2) ?? 0, Math.floor(values.length / Math.max(1, width)));
  const rows = Array.from({ length: height }, (_, at) => values.slice(at * width, (at + 1) * width));
  return { columns: Array.from({ length: width }, (_, at) => String(at)), rows };
}
