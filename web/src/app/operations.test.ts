import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { operationOf, UNTOLD, WORDS } from "./operations";

const openapi = JSON.parse(readFileSync("../docs/reference/openapi.json", "utf8")) as { paths: Record<string, Record<string, unknown>> };

it("has words for every route that changes something", () => {
  const routes = Object.entries(openapi.paths).flatMap(([path, methods]) => Object.keys(methods).filter((method) => method !== "get").map((method) => `${method.toUpperCase()} ${path}`));
  expect([...Object.keys(WORDS), ...UNTOLD].sort()).toEqual(routes.sort());
});

it("tells what was done, where, and how it is brought back", () => {
  expect(operationOf({ method: "DELETE", path: "/pipelines/a%2Fb/blocks/load", answer: { undo: "t1", paths: [] } })).toEqual({ text: "Deleted the block load", pipeline: "a/b", run: undefined, undo: "t1" });
  expect(operationOf({ method: "POST", path: "/pipelines/sales/runs", body: { blocks: ["clean"], with_upstream: true, edits: [] } })?.text).toBe("Ran clean with everything before it");
  expect(operationOf({ method: "POST", path: "/pipelines/sales/runs", body: { stale_only: true } })?.text).toBe("Ran what was stale in sales");
  expect(operationOf({ method: "POST", path: "/pipelines/sales/runs", body: {}, answer: { run: { run: "2026-1" } } })).toMatchObject({ text: "Ran all of sales", run: "2026-1" });
  expect(operationOf({ method: "POST", path: "/triggers/3/run", body: {}, answer: { run: "2026-2" } })?.run).toBe("2026-2");
  expect(operationOf({ method: "DELETE", path: "/triggers/3", answer: { undo: "t2", name: "nightly" } })).toMatchObject({ text: "Deleted the trigger nightly", undo: "t2" });
  expect(operationOf({ method: "DELETE", path: "/triggers/3" })?.text).toBe("Deleted the trigger 3");
  expect(operationOf({ method: "POST", path: "/runs/bulk", body: { action: "retry", runs: ["1", "2"] } })?.text).toBe("Retried 2 runs");
  expect(operationOf({ method: "PATCH", path: "/pipelines/sales/blocks/load", body: { revision: "r", timeout: 5, retry_config: {} } })?.text).toBe("Changed load: timeout, retry config");
});

it("leaves out what changes nothing", () => {
  expect(operationOf({ method: "POST", path: "/products/sales/load/page", body: {} })).toBeUndefined();
});
