import { expect, it } from "vitest";
import { LENGTHS, muteOf } from "./mutes";

it("finds what mutes a block: its own mute or that of all the pipeline, whichever is longer", () => {
  const mutes = [{ pipeline: "orders", block: "clean", until: 5 }, { pipeline: "orders", block: "", until: 9 }, { pipeline: "other", block: "clean", until: 99 }];
  expect(muteOf(mutes, "orders", "clean")?.until).toBe(9);
  expect(muteOf(mutes.slice(0, 1), "orders", "clean")?.until).toBe(5);
  expect([muteOf(mutes.slice(0, 1), "orders", "load"), muteOf(mutes.slice(0, 1), "orders", null), muteOf(undefined, "orders", null)]).toEqual([null, null, null]);
});

it("ends in the time to come", () => {
  const now = new Date(2026, 11, 31, 23, 30);
  const ends = LENGTHS.map(({ until }) => until(now));
  expect(ends.every((end) => end > now.getTime() / 1000)).toBe(true);
  expect(new Date((ends[1] ?? 0) * 1000)).toEqual(new Date(2027, 0, 1, 8));
});
