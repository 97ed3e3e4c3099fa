import { describe, expect, it } from "vitest";
import type { Setting } from "./queries";
import { grouped, idle, shown, typed } from "./values";

const setting = (key: string, more: Partial<Setting> = {}): Setting => ({ key, title: key, description: "", kind: "text", value: null, default: null, set: false, choices: [], secret: false, used: true, ...more });

describe("what was typed", () => {
  it("is of the setting's kind", () => {
    expect(typed(setting("a", { kind: "number" }), " 2,5 ")).toEqual({ value: 2.5 });
    expect(typed(setting("a", { kind: "list" }), "x, y,,")).toEqual({ value: ["x", "y"] });
    expect(typed(setting("a"), " 30d ")).toEqual({ value: "30d" });
    expect(typed(setting("a", { kind: "map" }), '{"b": 2}')).toEqual({ value: { b: 2 } });
  });
  it("is refused where it is none", () => {
    expect(typed(setting("Delay", { kind: "number" }), "5s")).toEqual({ problem: "Delay is a number." });
    expect(typed(setting("Delay", { kind: "number" }), "Infinity")).toHaveProperty("problem");
    for (const text of ["b: 2", "[1]", "3", "null"]) expect(typed(setting("a", { kind: "map" }), text)).toHaveProperty("problem");
  });
  it("is the default when there is nothing", () => {
    expect(typed(setting("a", { kind: "number" }), "  ")).toEqual({ value: null });
  });
});

it("shows values of every form as text", () => {
  expect([null, undefined, 0, false, ["a", "b"], { a: 1 }, {}].map(shown)).toEqual(["", "", "0", "false", "a, b", '{"a":1}', ""]);
});

it("shows what is acted on, and tells what is set without effect", () => {
  const all = [setting("variables_dir"), setting("retry_config.retries"), setting("ecs_config", { used: false, set: true }), setting("ldap_config", { used: false }), setting("project_uuid", { used: false, set: true })];
  expect(grouped(all).map(([group, list]) => [group, list.map(({ key }) => key)])).toEqual([["Outputs", ["variables_dir"]], ["Retries of blocks", ["retry_config.retries"]]]);
  expect(idle(all).map(({ key }) => key)).toEqual(["ecs_config"]);
});
