import { describe, expect, it } from "vitest";
import { arrange, AS_STORED, fitting, keysOf, moveBy, moveTo, setWidth, toggleHidden, togglePin, widthOf, type Layout } from "./layout";
import type { GridColumn } from "./types";

const columnsOf = (...names: string[]): GridColumn[] => {
  const keys = keysOf(names);
  return names.map((name, index) => ({ index, key: keys[index] ?? "", name, type: "int64", family: "number", nulls: null, distinct: null, zone: undefined }));
};
const names = (columns: readonly GridColumn[], layout: Layout) => arrange(columns, layout).shown.map((column) => column.name).join("");
const COLUMNS = columnsOf("a", "b", "c", "d");

describe("layout of columns", () => {
  it("moves a column to the place of another, in both directions", () => {
    expect(names(COLUMNS, moveTo(COLUMNS, AS_STORED, "a", "c"))).toBe("bcad");
    expect(names(COLUMNS, moveTo(COLUMNS, AS_STORED, "d", "b"))).toBe("adbc");
    expect(names(COLUMNS, moveTo(COLUMNS, AS_STORED, "a", "a"))).toBe("abcd");
  });

  it("moves by one among those shown, and not over the ends", () => {
    const hidden = toggleHidden(AS_STORED, "b");
    expect(names(COLUMNS, moveBy(COLUMNS, hidden, "a", 1))).toBe("cad");
    expect(moveBy(COLUMNS, AS_STORED, "a", -1)).toBe(AS_STORED);
    expect(moveBy(COLUMNS, AS_STORED, "d", 1)).toBe(AS_STORED);
  });

  it("keeps pinned columns at the left, in an order of their own, apart from the rest", () => {
    const pinned = togglePin(togglePin(AS_STORED, "c"), "b");
    expect(arrange(COLUMNS, pinned)).toMatchObject({ pinned: 2 });
    expect(names(COLUMNS, pinned)).toBe("cbad");
    expect(names(COLUMNS, moveBy(COLUMNS, pinned, "b", -1))).toBe("bcad");
    expect(moveBy(COLUMNS, pinned, "b", 1)).toBe(pinned);
    expect(names(COLUMNS, moveTo(COLUMNS, pinned, "c", "d"))).toBe("badc");
    expect(names(COLUMNS, moveTo(COLUMNS, pinned, "d", "c"))).toBe("dcba");
    expect(names(COLUMNS, togglePin(pinned, "c"))).toBe("bacd");
  });

  it("holds for a version with other columns: new ones come after the one that they follow", () => {
    const moved = moveTo(COLUMNS, AS_STORED, "d", "a");
    expect(names(columnsOf("x", "a", "y", "c", "d"), moved)).toBe("xdayc");
  });

  it("tells columns of the same name apart", () => {
    const twice = columnsOf("a", "b", "a");
    const last = twice[2]?.key ?? "";
    expect(last).not.toBe("a");
    expect(arrange(twice, togglePin(AS_STORED, last)).shown.map((column) => column.index)).toEqual([2, 0, 1]);
  });

  it("keeps widths in bounds and fits them to what is there", () => {
    expect(widthOf(COLUMNS[0], setWidth(AS_STORED, "a", 3))).toBe(48);
    expect(widthOf(COLUMNS[0], setWidth(AS_STORED, "a", 5000))).toBe(900);
    expect(fitting("id", ["1"])).toBeLessThan(fitting("id", ["a text of some length"]));
    expect(fitting("id", ["x".repeat(1000)])).toBe(480);
  });
});
