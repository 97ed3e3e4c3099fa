import { expect, it } from "vitest";
import type { BlockRun } from "../../api/types";
import { childrenOf, fannedOut, tally } from "./children";

const block = (uuid: string, upstream: string[] = [], configuration: Record<string, unknown> = {}) => ({ uuid, upstream, configuration });
const run = (name: string, state: string) => ({ block: name, state }) as BlockRun;

it("finds what runs once for each item, until something reduces it", () => {
  const found = fannedOut([
    block("many", [], { dynamic: true }),
    block("each", ["many"]),
    block("next", ["each"], { reduce_output: true }),
    block("all", ["next"]),
    block("beside", []),
    block("both", ["beside", "each"]),
  ]);
  expect([...found]).toEqual(["each", "next", "both"]);
});

it("knows the other way to write that a block is dynamic, and survives rings", () => {
  expect([...fannedOut([block("a", ["c"], { dynamic: { parent: true } }), block("b", ["a"]), block("c", ["b"])])]).toContain("b");
});

it("knows blocks by name in what is dynamic and what is reduced, from either side", () => {
  const found = fannedOut([
    block("many", [], { dynamic: { parent: "each" } }),
    block("each", ["many"], { dynamic: { reduce_output: ["sum"] } }),
    block("other", ["many"]),
    block("sum", ["each"]),
    block("next", ["each"]),
    block("gathered", ["each"], { reduce_output_upstream: ["each"] }),
  ]);
  expect([...found]).toEqual(["each", "next"]);
});

it("tells children from blocks with a similar name, and counts them by how they stand", () => {
  const all = [run("each", "completed"), run("each:one", "completed"), run("each:two", "failed"), run("each2:x", "failed"), run("each:3", "completed")];
  const children = childrenOf(all, "each");
  expect(children.map((one) => one.block)).toEqual(["each:one", "each:two", "each:3"]);
  expect(tally(children)).toBe("3 children: 2 done, 1 failed");
  expect(tally(children.slice(0, 1))).toBe("1 child: 1 done");
});
