import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TooltipProvider } from "../../ui/Tooltip";
import { FileTabs } from "./FileTabs";
import { OpenFiles } from "./openFiles";

let files: OpenFiles;
const onShow = vi.fn();
const onClose = vi.fn();

const draw = (shown: string) => render(<TooltipProvider><FileTabs files={files} shown={shown} onShow={onShow} onClose={onClose} /></TooltipProvider>);

beforeEach(() => {
  localStorage.clear();
  vi.clearAllMocks();
  files = new OpenFiles("x", { save: () => Promise.resolve({ gone: true }), look: () => undefined });
  files.add(["a/load.py", "b/load.py", "notes.md"]);
});
afterEach(cleanup);

it("names each tab, with its folder and state where they matter", () => {
  files.take("b/load.py", { content: "1", revision: "1" });
  files.type("b/load.py", "2");
  files.take("notes.md", { content: "1", revision: "1" });
  files.gone("notes.md");
  draw("a/load.py");
  const tabs = screen.getAllByRole("tab");
  expect(tabs.map((tab) => tab.getAttribute("aria-label"))).toEqual(["load.py, in a", "load.py, in b, not saved", "notes.md, deleted"]);
  expect(tabs.map((tab) => [tab.getAttribute("aria-selected"), tab.tabIndex])).toEqual([["true", 0], ["false", -1], ["false", -1]]);
});

it("goes from tab to tab with the arrow keys, around the ends, without going into the text", () => {
  draw("a/load.py");
  const [first, , last] = screen.getAllByRole("tab");
  fireEvent.keyDown(first!, { key: "ArrowRight" });
  fireEvent.keyDown(first!, { key: "ArrowLeft" });
  fireEvent.keyDown(last!, { key: "Home" });
  fireEvent.keyDown(first!, { key: "End" });
  expect(onShow.mock.calls).toEqual([["b/load.py", false], ["notes.md", false], ["a/load.py", false], ["notes.md", false]]);
  fireEvent.click(last!);
  expect(onShow).toHaveBeenLastCalledWith("notes.md", true);
});

it("closes by key, by the mouse's middle button, and by the cross, which does not show the file first", () => {
  const { container } = draw("a/load.py");
  const [first, second] = screen.getAllByRole("tab");
  fireEvent.keyDown(first!, { key: "Delete" });
  fireEvent(second!, new MouseEvent("auxclick", { bubbles: true, button: 1 }));
  fireEvent.click(container.querySelector("[data-close='notes.md']")!);
  expect(onClose.mock.calls).toEqual([[["a/load.py"]], [["b/load.py"]], [["notes.md"]]]);
  expect(onShow).not.toHaveBeenCalled();
});
