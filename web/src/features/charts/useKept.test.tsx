import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useKept } from "./useKept";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function form() {
  const save = vi.fn();
  const hook = renderHook(({ text, open }: { text: string; open: boolean }) => useKept(text, "old", open, save), { initialProps: { text: "old", open: true } });
  return { save, ...hook };
}

it("saves once, a moment after the last of several changes", () => {
  const { save, rerender } = form();
  rerender({ text: "new", open: true });
  rerender({ text: "newer", open: true });
  expect(save).not.toHaveBeenCalled();
  vi.runAllTimers();
  expect(save.mock.calls).toEqual([["newer"]]);
});

it("saves at once when the form is closed or left", () => {
  const closed = form();
  closed.rerender({ text: "new", open: true });
  closed.rerender({ text: "new", open: false });
  expect(closed.save.mock.calls).toEqual([["new"]]);
  const left = form();
  left.rerender({ text: "new", open: true });
  left.unmount();
  expect(left.save.mock.calls).toEqual([["new"]]);
});

it("saves nothing that was taken back", () => {
  const { save, rerender, unmount } = form();
  rerender({ text: "new", open: true });
  rerender({ text: "old", open: true });
  vi.runAllTimers();
  unmount();
  expect(save).not.toHaveBeenCalled();
});
