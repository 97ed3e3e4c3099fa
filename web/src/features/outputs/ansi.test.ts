import { describe, expect, it } from "vitest";
import { pieces } from "./ansi";

describe("pieces", () => {
  it("leaves plain text alone", () => {
    expect(pieces("rows: 3\tdone")).toEqual([{ text: "rows: 3\tdone", colour: null, bold: false }]);
  });

  it("reads colours and drops what moves a cursor or sets a title", () => {
    const found = pieces("\u001b[1;31mbad\u001b[0m \u001b[2K\u001b]0;evil title\u0007ok\u0008");
    expect(found.map((piece) => piece.text).join("")).toBe("bad ok");
    expect(found[0]).toMatchObject({ text: "bad", colour: "var(--failed)", bold: true });
  });

  it("keeps markup as the text that it is", () => {
    expect(pieces("<script>alert(1)</script>")[0]?.text).toBe("<script>alert(1)</script>");
  });
});
