import { expect, it, vi } from "vitest";
import { concerned, Gathered } from "./projectEvents";

it("names the lists that events concern", () => {
  expect([...concerned([{ type: "run_ended" }, { type: "run_started" }])]).toEqual(["runs", "hours", "pipelines", "home", "triggers", "backfills", "monitor", "explain"]);
  expect(concerned([{ type: "something_new" }]).size).toBe(0);
});

it("takes a change of the project's file as one of its settings", () => {
  const change = (path: string) => concerned([{ type: "files_changed", paths: [{ path, revision: null }] }]);
  expect([...change("metadata.yaml")]).toEqual(expect.arrayContaining(["settings", "project", "alerts"]));
  expect(change("pipelines/a/metadata.yaml").has("settings")).toBe(false);
});

it("asks at once, and then once for all that comes within a second", () => {
  vi.useFakeTimers();
  const asked: string[][] = [];
  const gathered = new Gathered((names) => asked.push([...names]), 1000);
  gathered.add(["runs"]);
  for (let index = 0; index < 1000; index += 1) gathered.add(["home", "triggers"]);
  expect(asked).toEqual([["runs"]]);
  vi.advanceTimersByTime(1000);
  expect(asked).toEqual([["runs"], ["home", "triggers"]]);
  vi.advanceTimersByTime(5000);
  gathered.add([]);
  expect(asked).toHaveLength(2);
  gathered.add(["runs"]);
  expect(asked.at(-1)).toEqual(["runs"]);
  vi.useRealTimers();
});
