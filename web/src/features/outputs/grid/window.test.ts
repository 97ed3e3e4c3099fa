import { describe, expect, it } from "vitest";
import { clampPosition, positionOf, ROW_HEIGHT, rowWindow, scrollTopOf, TALLEST, visibleRows } from "./window";

const VIEW = 600;

describe("rows in view", () => {
  it("is the scroll position itself while all rows fit into an element", () => {
    const window = rowWindow(1000, VIEW);
    expect(window.spacer).toBe(24_000);
    expect(positionOf(1200, VIEW, window)).toBe(1200);
  });

  it("reaches the last of ten million rows at the end of the scroll bar", () => {
    const rows = 10_000_000;
    const window = rowWindow(rows, VIEW);
    expect(window.spacer).toBe(TALLEST);
    const end = positionOf(window.spacer - VIEW, VIEW, window);
    const { first, count } = visibleRows(end, VIEW, rows);
    expect(first + count).toBe(rows);
  });

  it("moves by exact steps: a place goes to the scroll bar and back", () => {
    const window = rowWindow(10_000_000, VIEW);
    for (const row of [0, 1, 2, 4_999_999, 9_999_000]) {
      const position = row * ROW_HEIGHT;
      expect(positionOf(scrollTopOf(position, VIEW, window), VIEW, window)).toBeCloseTo(position, 3);
    }
  });

  it("does not leave the table", () => {
    const window = rowWindow(10, VIEW);
    expect(clampPosition(-50, VIEW, window)).toBe(0);
    expect(clampPosition(9999, VIEW, window)).toBe(0);
    expect(visibleRows(0, VIEW, 0)).toEqual({ first: 0, count: 0, shift: 0 });
  });
});
