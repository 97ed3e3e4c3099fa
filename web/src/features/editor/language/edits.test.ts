import { describe, expect, it } from "vitest";
import { addressOf, pathOf, shortName } from "./addresses";
import { edited, editsOf } from "./edits";

describe("addresses", () => {
  it("names any file and finds it back", () => {
    for (const path of ["data_loaders/load.py", "Über uns/項目 1.py", "a%b/c#d?.py"]) expect(pathOf(addressOf(path))).toBe(path);
  });
  it("has no path for what lies outside the project", () => {
    expect(pathOf("file:///usr/lib/python3/site-packages/pandas/core/frame.py")).toBeNull();
    expect(shortName("file:///usr/lib/site-packages/pandas/core/frame.py")).toBe("pandas/core/frame.py");
  });
});

describe("edits", () => {
  const range = (line: number, from: number, to: number) => ({ start: { line, character: from }, end: { line, character: to } });

  it("are made from behind, whatever their order", () => {
    const text = "one two\nthree\n";
    const edits = [
      { from: { line: 1, column: 1 }, to: { line: 1, column: 4 }, text: "1" },
      { from: { line: 2, column: 6 }, to: { line: 2, column: 6 }, text: "!" },
      { from: { line: 1, column: 5 }, to: { line: 1, column: 8 }, text: "zwei" },
    ];
    expect(edited(text, edits)).toBe("1 zwei\nthree!\n");
    expect(edited("a", [{ from: { line: 1, column: 2 }, to: { line: 1, column: 2 }, text: "b" }])).toBe("ab");
  });
  it("refuse a text that is another one", () => {
    const edit = { from: { line: 1, column: 5 }, to: { line: 1, column: 8 }, text: "x" };
    expect(() => edited("one", [edit])).toThrow("changed");
    expect(() => edited("one", [{ ...edit, from: { line: 3, column: 1 } }])).toThrow("changed");
  });
  it("leave out files outside the project", () => {
    const changes = {
      "project:///a.py": [{ range: range(0, 0, 1), newText: "b" }],
      "file:///lib/x.py": [{ range: range(0, 0, 1), newText: "b" }],
      "project:///none.py": [],
    };
    expect(editsOf({ changes }, pathOf)).toEqual([{ path: "a.py", edits: [{ from: { line: 1, column: 1 }, to: { line: 1, column: 2 }, text: "b" }] }]);
    expect(editsOf(null, pathOf)).toEqual([]);
  });
});
