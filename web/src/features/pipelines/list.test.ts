import { describe, expect, it } from "vitest";
import type { PipelineSummary } from "../../api/types";
import { chosen, grouped, sorted, stateOf } from "./list";
import { freeName } from "./queries";

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
    expect(sorted(list, "run", true)[0]?.uuid).toBe("sales/daily");
  });

  it("finds a name that is free", () => {
    expect(freeName("users", list)).toBe("users_2");
    expect(freeName("new", list)).toBe("new");
  });
});
