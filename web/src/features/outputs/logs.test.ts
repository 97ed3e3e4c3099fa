import { describe, expect, it } from "vitest";
import { append, linesOf, RING, splitLines } from "./logs";

describe("lines of a run", () => {
  it("splits what was printed, and keeps a progress bar in one line", () => {
    expect(splitLines("one\r\ntwo\n")).toEqual(["one", "two"]);
    expect(splitLines("10%\r20%\r100%\n")).toEqual(["100%"]);
  });

  it("says what was left out", () => {
    const found = linesOf({ type: "block_output", block: "load", items: [{ stream: "stdout", text: "a\nb\n", at: 1 }], dropped: 2048 });
    expect(found.map((line) => line.text.slice(0, 11))).toEqual(["a", "b", "2,048 bytes"]);
    expect(linesOf({ type: "block_started" })).toEqual([]);
  });

  it("keeps the newest", () => {
    const many = Array.from({ length: RING + 7 }, (_, key) => ({ key, at: 0, block: "", level: "INFO", stream: "stdout", text: `${key}` }));
    const ring = append(many.slice(0, 10), many.slice(10));
    expect(ring).toHaveLength(RING);
    expect(ring.at(-1)?.text).toBe(`${RING + 6}`);
  });
});
