import { describe, expect, it } from "vitest";
import type { PipelineSummary } from "../../api/types";
import { chosen, grouped, nextSort, orderOf, placeOf, sorted, stateOf } from "./list";
import { freeName, retagged } from "./queries";

const pipeline = (uuid: string, more: Partial<PipelineSummary> = {}): PipelineSummary => ({
  uuid, name: uuid, type: "python", description: "", tags: [], blocks: 1, created_at: null, updated_at: "2026-01-01T00:00:00Z", error: null, runs: [], running: 0, ...more,
});

describe("the list of pipelines", () => {
  const list = [
    pipeline("sales/daily", { tags: ["sales", "core"], runs: [{ run: "1", state: "failed", started: 5, seconds: 1 }] }),
    pipeline("users", { description: "People of the app", running: 1 }),
    pipeline("broken", { error: "its file cannot be read" }),
  ];

  it("finds by every word, in name, description and tags", () => {
    expect(chosen(list, { q: "app people" }).map((one) => one.uuid)).toEqual(["users"]);
    expect(chosen(list, { tag: "core" }).map((one) => one.uuid)).toEqual(["sales/daily"]);
    expect(chosen(list, { state: "unreadable" }).map((one) => one.uuid)).toEqual(["broken"]);
  });

  it("tells the state of one that runs before the one of its last run", () => {
    expect(list.map(stateOf)).toEqual(["failed", "running", "unreadable"]);
  });

  it("groups one with two tags twice", () => {
    const rows = grouped(list, "tag").map((row) => ("heading" in row ? `# ${row.heading} ${row.count}` : row.pipeline.uuid));
    expect(rows).toEqual(["# core 1", "sales/daily", "# no tag 2", "users", "broken", "# sales 1", "sales/daily"]);
  });

  it("sorts by the last run, newest first", () => {
    expect(sorted(list, { key: "run", down: true })[0]?.uuid).toBe("sales/daily");
  });

  it("sorts names as people count, and equal ones the same way in both directions", () => {
    const numbered = ["b10", "b9", "B1"].map((name) => pipeline(name));
    expect(sorted(numbered, { key: "name", down: false }).map((one) => one.uuid)).toEqual(["B1", "b9", "b10"]);
    expect(sorted(numbered, { key: "blocks", down: true }).map((one) => one.uuid)).toEqual(["B1", "b9", "b10"]);
  });

  it("keeps the order in the address: figures begin with the largest", () => {
    expect(orderOf(undefined)).toEqual({ key: "name", down: false });
    expect(orderOf("-run")).toEqual({ key: "run", down: true });
    expect(orderOf("nonsense")).toEqual({ key: "name", down: false });
    expect(nextSort(orderOf("name"), "run")).toBe("-run");
    expect(nextSort(orderOf("-run"), "run")).toBe("run");
    expect(nextSort(orderOf("name"), "name")).toBe("-name");
  });

  it("tells the folder of a pipeline, and its whole id where its name says something else", () => {
    expect(placeOf(pipeline("sales/eu/daily", { name: "daily" }))).toBe("sales/eu");
    expect(placeOf(pipeline("sales/eu/daily", { name: "Daily sales" }))).toBe("sales/eu/daily");
    expect(placeOf(pipeline("daily", { name: "Daily sales" }))).toBe("");
  });

  it("finds a name that is free", () => {
    expect(freeName("users", list)).toBe("users_2");
    expect(freeName("new", list)).toBe("new");
  });
});

it("adds and takes off tags, each once", () => {
  expect(retagged(["a", "b"], ["c", "a"], ["b"])).toEqual(["a", "c"]);
});
