import { Text } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import { checked, shown } from "./findings";

const doc = Text.of(["first line", "second"]);

describe("findings", () => {
  it("stand where the language server says, also when the text is shorter by now", () => {
    const finding = (line: number, from: number, to: number) => ({ message: "m", severity: 2, range: { start: { line, character: from }, end: { line, character: to } } });
    expect(shown(doc, finding(1, 0, 6))).toMatchObject({ from: 11, to: 17, severity: "warning" });
    expect(shown(doc, finding(9, 3, 40))).toMatchObject({ from: 14, to: 17 });
  });
  it("of the check reach to the end of their line, and say what to do", () => {
    const finding = { line: 2, column: 3, severity: "error" as const, message: "It is wrong.", hint: "Mend it.", code: "PS030" };
    expect(checked(doc, finding)).toEqual({ from: 13, to: 17, severity: "error", message: "It is wrong.\nMend it.", source: "PS030" });
    expect(checked(doc, { ...finding, line: 0, column: 0 })).toMatchObject({ from: 0, to: 10 });
  });
});
