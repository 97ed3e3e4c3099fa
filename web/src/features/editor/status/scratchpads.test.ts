import { expect, it } from "vitest";
import { Scratchpads, cellAt, cellsOf } from "./scratchpads";

it("splits a scratchpad at its marks", () => {
  expect(cellsOf("a = 1\n").map((cell) => [cell.name, cell.from])).toEqual([["", 1]]);
  const text = "import os\n# %% load\na = 1\n\n# %%\nb = 2";
  expect(cellsOf(text).map((cell) => [cell.name, cell.from, cell.to])).toEqual([["1", 1, 1], ["load", 2, 4], ["3", 5, 6]]);
  expect([cellAt(text, 3).code, cellAt(text, 6).name]).toEqual(["# %% load\na = 1\n", "3"]);
});

it("keeps the newest output of each cell", () => {
  const pads = new Scratchpads();
  const print = (execution: string | null, text: string) =>
    pads.hear({ type: "block_output", run: null, block: "s", execution, items: [{ stream: "stdout", text, at: 0 }] });
  pads.hear({ type: "scratch_started", block: "s", execution: "1", cell: "a" });
  print("1", "x\n");
  print("1", "10%\r20%\n");
  pads.hear({ type: "display", block: "s", execution: "1", mime: { "text/plain": "3" } });
  pads.hear({ type: "scratch_ended", block: "s", execution: "1", seconds: 0.1, failure: null });
  const [first] = pads.of("s").executions;
  expect([first?.state, first?.shown.length, pads.running("s")]).toEqual(["done", 2, false]);
  expect(first?.shown[0]).toMatchObject({ lines: [{ text: "x" }, { text: "20%" }] });
  pads.hear({ type: "scratch_started", block: "s", execution: "2", cell: "a" });
  expect([pads.of("s").executions.length, pads.running("s")]).toEqual([1, true]);
  print(null, "late\n");
  expect(pads.of("s").executions[0]?.shown.length).toBe(1);
});
