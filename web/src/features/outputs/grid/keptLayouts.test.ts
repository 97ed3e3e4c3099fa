import { act, renderHook } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { parsed, setLayout, useLayout } from "./keptLayouts";
import { AS_STORED } from "./layout";

beforeEach(() => localStorage.clear());

it("keeps an arrangement for the next time that the output is opened", () => {
  const { result } = renderHook(() => useLayout("a"));
  expect(result.current).toBe(AS_STORED);
  act(() => setLayout("a", { ...AS_STORED, hidden: new Set(["x"]), pinned: ["y"], widths: { z: 90 } }));
  expect(result.current.hidden.has("x")).toBe(true);
  const text = localStorage.getItem("penstock.columns:a") ?? "";
  expect(parsed(text)).toEqual({ order: [], pinned: ["y"], hidden: new Set(["x"]), widths: { z: 90 } });
});

it("stores nothing of what is arranged as stored", () => {
  setLayout("b", { ...AS_STORED, pinned: ["y"] });
  setLayout("b", AS_STORED);
  expect(localStorage.getItem("penstock.columns:b")).toBeNull();
});

it("takes what it cannot understand for no arrangement, and never fails", () => {
  for (const text of ["", "null", "[]", "{", '{"order": 3, "widths": {"a": "wide"}, "hidden": [1, "b"]}']) {
    const found = parsed(text);
    expect(found.order).toEqual([]);
    expect(found.widths).toEqual({});
  }
  expect(parsed('{"hidden": [1, "b"]}').hidden).toEqual(new Set(["b"]));
});

it("lets the oldest go", () => {
  for (let at = 0; at < 200; at += 1) localStorage.setItem(`penstock.columns:${at}`, JSON.stringify({ at, pinned: ["x"] }));
  setLayout("new", { ...AS_STORED, pinned: ["y"] });
  expect(localStorage.getItem("penstock.columns:0")).toBeNull();
  expect(localStorage.getItem("penstock.columns:1")).not.toBeNull();
  expect(localStorage.getItem("penstock.columns:new")).not.toBeNull();
});
