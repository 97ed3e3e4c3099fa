import { expect, it } from "vitest";
import { fits } from "./Palette";

it("shows what the server has found, whatever it is called, and commands by their names", () => {
  const found = fits("found: text about clean.py ", "orders");
  expect(found).toBeGreaterThan(0);
  expect(fits("Duplicate orders Block", "duplicate")).toBeGreaterThan(found);
  expect(fits("Delete the block Block", "delete")).toBeGreaterThan(found);
  expect(fits("Do not update the lists of catalogues", "duplicate")).toBeLessThan(found);
  expect(fits("Go to Runs Go to", "runs")).toBeGreaterThan(0);
  expect(fits("Go to Runs Go to", "xyz")).toBe(0);
});
