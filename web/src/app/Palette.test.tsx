import { expect, it } from "vitest";
import { fits } from "./Palette";

it("shows what the server has found, whatever it is called, and commands by their names", () => {
  expect(fits("found: text about clean.py ", "orders")).toBe(1);
  expect(fits("Go to Runs Go to", "runs")).toBeGreaterThan(0);
  expect(fits("Go to Runs Go to", "xyz")).toBe(0);
});
