import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { eventually } from "../../api/eventually";
import { bodyOf, emptyDraft, type Draft } from "./draft";
import { Refused } from "./FormParts";
import { NextRuns } from "./NextRuns";

beforeEach(() => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify({ words: "every day at 00:00 UTC", upcoming: [4102444800], problem: "" }))));
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it("says nothing of the clock once the trigger is to start by a call", async () => {
  const client = new QueryClient();
  const start = emptyDraft("", "UTC");
  const drawn = (draft: Draft) => <QueryClientProvider client={client}><NextRuns body={bodyOf(draft)} zone="UTC" /></QueryClientProvider>;
  const { rerender } = render(drawn(start));
  expect(await screen.findByText("Every day at 00:00 UTC")).toBeTruthy();
  rerender(drawn({ ...start, kind: "api" }));
  await eventually(() => expect(screen.queryByText("Every day at 00:00 UTC")).toBeNull());
  expect(screen.queryAllByRole("listitem")).toEqual([]);
});

it("brings into view why a form was not taken, each time", () => {
  const shown = vi.fn();
  Element.prototype.scrollIntoView = shown;
  const { rerender } = render(<Refused error={new Error("its file has changed")} />);
  rerender(<Refused error={new Error("its file has changed")} />);
  expect(shown).toHaveBeenCalledTimes(2);
});
