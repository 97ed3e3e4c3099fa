import { expect, it } from "vitest";
import { firstRows, shapeOf } from "./array";

const array = (shape: number[], values: unknown[]) => shapeOf({ kind: "array", preview: { shape, dtype: "int64", values } });

it("lays the first values out as the array has them", () => {
  expect(firstRows(array([3], [7, 8, 9])!)).toEqual({ columns: ["value"], rows: [[7], [8], [9]] });
  expect(firstRows(array([2, 3], [1, 2, 3, 4, 5, 6])!)).toEqual({ columns: ["0", "1", "2"], rows: [[1, 2, 3], [4, 5, 6]] });
});

it("shows the first place of more axes, and no more than the preview holds of a wide one", () => {
  expect(firstRows(array([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])!)?.rows).toEqual([[1, 2], [3, 4]]);
  const wide = Array.from({ length: 100 }, (_, at) => at);
  expect(firstRows(array([50, 1000], wide)!)?.rows).toEqual([wide]);
});

it("takes nothing else for an array", () => {
  expect(shapeOf({ kind: "json", preview: { shape: [1], dtype: "", values: [1] } })).toBeNull();
  expect(shapeOf({ kind: "array", preview: { type: "pyarrow" } })).toBeNull();
  expect(firstRows(array([], [1])!)).toBeNull();
});
