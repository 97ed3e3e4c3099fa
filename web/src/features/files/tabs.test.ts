import { beforeEach, expect, it } from "vitest";
import { between, keep, movedPath, recall, shownAfter, titlesOf, topmost } from "./tabs";

beforeEach(() => localStorage.clear());

it("names the folder of files that are called the same, and as much of it as tells them apart", () => {
  expect(titlesOf(["a/load.py", "b/save.py"])).toEqual([{ name: "load.py", folder: "" }, { name: "save.py", folder: "" }]);
  expect(titlesOf(["a/load.py", "b/load.py", "load.py"]).map(({ folder }) => folder)).toEqual(["a", "b", "./"]);
  expect(titlesOf(["x/api/load.py", "y/api/load.py", "y/load.py"]).map(({ folder }) => folder)).toEqual(["x/api", "y/api", "y"]);
});

it("shows the next file when the one that is shown is closed, or else the one before", () => {
  const paths = ["a", "b", "c"];
  expect(shownAfter(paths, new Set(["b"]), "b")).toBe("c");
  expect(shownAfter(paths, new Set(["b", "c"]), "b")).toBe("a");
  expect(shownAfter(paths, new Set(["a", "c"]), "b")).toBe("b");
  expect(shownAfter(paths, new Set(paths), "b")).toBe("");
});

it("moves what lies in a folder, and nothing that is only called alike", () => {
  expect(movedPath("a/b.py", "a", "c/d")).toBe("c/d/b.py");
  expect(movedPath("ab/b.py", "a", "c")).toBe("ab/b.py");
  expect(movedPath("a.py", "a.py", "b.py")).toBe("b.py");
});

it("leaves out what goes with its folder", () => {
  expect(topmost(["a", "a/b.py", "ab.py"])).toEqual(["a", "ab.py"]);
});

it("finds what lies between two entries, in both directions", () => {
  const listed = ["a", "b", "c", "d"];
  expect(between(listed, "b", "d")).toEqual(["b", "c", "d"]);
  expect(between(listed, "d", "b")).toEqual(["b", "c", "d"]);
  expect(between(listed, "gone", "b")).toEqual(["b"]);
});

it("keeps what is open in this browser, and takes nothing for it that is not", () => {
  keep("x", { paths: ["a", "b"], shown: "b" });
  expect(recall("x")).toEqual({ paths: ["a", "b"], shown: "b" });
  expect(recall("y")).toEqual({ paths: [], shown: "" });
  localStorage.setItem("x", '{"paths": ["a", "a", 7, ""], "shown": "z"}');
  expect(recall("x")).toEqual({ paths: ["a"], shown: "a" });
  localStorage.setItem("x", "{");
  expect(recall("x")).toEqual({ paths: [], shown: "" });
});
