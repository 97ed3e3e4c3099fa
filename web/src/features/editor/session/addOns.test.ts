import { expect, it } from "vitest";
import type { BlockDetail, BlockStatus, PipelineDetail } from "../../../api/types";
import { saidNo } from "../notebook/AddOns";
import { NEVER } from "../status/patch";
import { addOnsOf, everyText, homeOf, looseAddOns, withBlockDetail } from "./addOns";

const one = (uuid: string, upstream: string[] = [], content = "") => ({ uuid, name: uuid, upstream, content }) as unknown as BlockDetail;
const detail = {
  blocks: [one("load"), one("clean", ["load"])],
  conditionals: [one("weekday", ["clean"]), one("left", ["gone"])],
  callbacks: [one("tell", ["load", "clean"])],
} as unknown as PipelineDetail;
const uuids = (list: BlockDetail[]) => list.map(({ uuid }) => uuid);

it("finds what is attached to a block, conditions first", () => {
  expect(uuids(addOnsOf(detail, "clean"))).toEqual(["weekday", "tell"]);
  expect(uuids(addOnsOf(detail, "load"))).toEqual(["tell"]);
});

it("finds what is attached to no block that there is", () => {
  expect(uuids(looseAddOns(detail))).toEqual(["left"]);
});

it("edits what several blocks have at the first of them that there is", () => {
  expect([homeOf(one("tell", ["gone", "clean", "load"]), detail.blocks), homeOf(one("left", ["gone"]), detail.blocks)]).toEqual(["clean", undefined]);
});

it("takes a saved text into the section that it belongs to, and leaves the others as they are", () => {
  const next = withBlockDetail(detail, one("tell", ["load", "clean"], "new"));
  expect(next.callbacks[0]?.content).toBe("new");
  expect(next.blocks).toBe(detail.blocks);
  expect(uuids(everyText(next))).toEqual(["load", "clean", "weekday", "left", "tell"]);
});

it("says no only for the condition that did", () => {
  const failure = { kind: "condition", message: "condition weekday said no", hint: "", code: "", frames: [], traceback: "" };
  const status: BlockStatus = { ...NEVER, state: "condition_failed", failure };
  expect(saidNo(one("weekday"), status)).toBe("said no");
  expect(saidNo(one("week"), status)).toBe("");
  expect(saidNo(one("weekday"), { ...status, state: "completed" })).toBe("");
  const raised = { ...failure, message: "condition weekday failed and counts as no: NameError: name 'x' is not defined" };
  expect(saidNo(one("weekday"), { ...status, failure: raised })).toBe("failed");
});
