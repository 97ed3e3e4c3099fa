import { expect, it } from "vitest";
import { concerned } from "./projectEvents";

it("names the lists that events concern", () => {
  expect([...concerned([{ type: "run_ended" }, { type: "run_started" }])]).toEqual(["runs", "pipelines", "home", "triggers", "backfills", "monitor", "explain"]);
  expect(concerned([{ type: "something_new" }]).size).toBe(0);
});

it("takes a change of the project's file as one of its settings", () => {
  const change = (path: string) => concerned([{ type: "files_changed", paths: [{ path, revision: null }] }]);
  expect(change("metadata.yaml").has("settings")).toBe(true);
  expect(change("pipelines/a/metadata.yaml").has("settings")).toBe(false);
});
