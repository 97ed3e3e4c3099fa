import { expect, it } from "vitest";
import { givenOf } from "./given";

it("reads a block and a run out of the address, also of blocks in folders", () => {
  expect(givenOf("api/clean@20261121-125432-302037-1914e9")).toEqual({ block: "api/clean", run: "20261121-125432-302037-1914e9" });
});

it("takes nothing else for one", () => {
  for (const text of [undefined, "", "clean", "@run", "clean@"]) expect(givenOf(text)).toBeNull();
});
