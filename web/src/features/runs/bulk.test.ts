import { describe, expect, it } from "vitest";
import { byReason, doneWords, inParts } from "./bulk";

describe("many runs at once", () => {
  it("are dealt with in parts, and it is told how far it is", async () => {
    const asked: string[][] = [];
    const told: [number, number][] = [];
    const ask = (part: string[]) => {
      asked.push(part);
      return Promise.resolve({ done: part.filter((run) => run !== "b"), refused: part.includes("b") ? [{ run: "b", message: "run b has ended" }] : [] });
    };
    await inParts(["a", "b", "c", "d", "e"], ask, (done, { refused }) => told.push([done, refused.length]), 2);
    expect(asked).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    expect(told).toEqual([[2, 1], [4, 0], [5, 0]]);
  });

  it("stop where a part cannot be asked for", async () => {
    const told: number[] = [];
    const ask = (part: string[]) => (part[0] === "c" ? Promise.reject(new Error("away")) : Promise.resolve({ done: part, refused: [] }));
    await expect(inParts(["a", "b", "c", "d"], ask, (done) => told.push(done), 1)).rejects.toThrow("away");
    expect(told).toEqual([1, 2]);
  });

  it("tell each reason once, the most frequent first", () => {
    expect(byReason([{ run: "r1", message: "cancelling run r1: it has ended" }, { run: "r2", message: "no such run" }, { run: "r3", message: "cancelling run r3: it has ended" }])).toEqual([
      { message: "cancelling a run: it has ended", runs: ["r1", "r3"] },
      { message: "no such run", runs: ["r2"] },
    ]);
    expect([doneWords({ action: "cancel", done: 0, refused: [] }), doneWords({ action: "delete", done: 1200, refused: [] })]).toEqual(["", "Deleted 1,200 runs."]);
  });
});
