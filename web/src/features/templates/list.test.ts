import { expect, it } from "vitest";
import type { Template } from "../../api/types";
import { chosen, inGroups, ofBlocks } from "./list";

const template = (id: string, more: Partial<Template> = {}): Template => ({ id, name: id, description: "", block_type: "data_loader", language: "python", group: "Databases", inputs: 0, ready: true, needs: null, source: "built-in", ...more });
const ALL = [
  template("postgres", { description: "Reads a table of PostgreSQL" }),
  template("drop nulls", { block_type: "transformer", group: "Cleaning" }),
  template("ours", { source: "project", group: "" }),
  template("bars", { block_type: "chart" }),
  template("later", { ready: false, needs: "a later version" }),
  template("excel", { ready: false, needs: "pip install openpyxl" }),
];

it("offers what makes blocks here, also after something is installed", () => {
  expect(ofBlocks(ALL).map((one) => one.id)).toEqual(["postgres", "drop nulls", "ours", "excel"]);
});

it("finds by words, type and source", () => {
  expect(chosen(ALL, { q: "POSTGRESQL table" }).map((one) => one.id)).toEqual(["postgres"]);
  expect(chosen(ALL, { type: "transformer" }).map((one) => one.id)).toEqual(["drop nulls"]);
  expect(chosen(ALL, { source: "project" }).map((one) => one.id)).toEqual(["ours"]);
});

it("puts those of the project first", () => {
  expect(inGroups(ofBlocks(ALL)).map(([name, list]) => [name, list.length])).toEqual([["Of this project", 1], ["Databases", 2], ["Cleaning", 1]]);
});
