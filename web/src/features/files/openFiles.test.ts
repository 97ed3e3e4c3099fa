import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { isDirty } from "../editor/documents/machine";
import type { SaveAnswer } from "../editor/documents/store";
import { OpenFiles } from "./openFiles";

const KEY = "penstock.files./p";
let answer: (path: string, content: string, revision: string | null) => Promise<SaveAnswer>;
let asked: [string, string, string | null][];
let looked: string[];
let files: OpenFiles;

const make = () => new OpenFiles(KEY, {
  save: (path, content, revision) => {
    asked.push([path, content, revision]);
    return answer(path, content, revision);
  },
  look: (path) => looked.push(path),
});
const read = (path: string, content = "old", revision = "1") => files.take(path, { content, revision });

beforeEach(() => {
  localStorage.clear();
  asked = [];
  looked = [];
  answer = (_path, content) => Promise.resolve({ revision: `of ${content}` });
  files = make();
  files.add(["a.py", "b.py", "dir/c.py"]);
});

// Else its unsaved texts would ask in the tests that follow.
afterEach(() => void files.close([...files.paths]));

it("remembers what is open and what was shown", () => {
  files.show("b.py");
  files.close(["a.py"]);
  expect(make().paths).toEqual(["b.py", "dir/c.py"]);
  expect(make().shown).toBe("b.py");
});

it("keeps what is typed in one file while another is shown, saved and changed by others", async () => {
  read("a.py");
  read("b.py");
  files.show("a.py");
  files.type("a.py", "mine");
  files.show("b.py");
  files.type("b.py", "also mine");
  await files.save("b.py");
  expect(asked).toEqual([["b.py", "also mine", "1"]]);
  expect(files.get("a.py")?.mine).toBe("mine");
  read("a.py", "theirs", "2");
  expect(files.get("a.py")).toMatchObject({ mine: "mine", theirs: { content: "theirs", revision: "2" } });
  expect(files.dirty()).toEqual(["a.py"]);
});

it("takes what others write where nothing was typed", () => {
  read("a.py");
  files.show("b.py");
  read("a.py", "theirs", "2");
  expect(files.get("a.py")).toMatchObject({ mine: "theirs", theirs: null, revision: "2" });
});

it("brings back a tab with its unsaved text, in its place", () => {
  read("b.py");
  files.type("b.py", "mine");
  files.leave("b.py", { scroll: 40 });
  const closed = files.close(["b.py"]);
  expect([files.paths, files.get("b.py")]).toEqual([["a.py", "dir/c.py"], undefined]);
  files.reopen(closed);
  expect(files.paths).toEqual(["a.py", "b.py", "dir/c.py"]);
  expect(files.get("b.py")?.mine).toBe("mine");
  expect(files.views.get("b.py")?.scroll).toBe(40);
  expect(looked).toEqual(["b.py"]);
  expect(files.closed).toEqual([]);
});

it("meets what others wrote while a tab was closed as a conflict", () => {
  const later = { content: "theirs", revision: "2" };
  read("b.py");
  files.type("b.py", "mine");
  const closed = files.close(["b.py"]);
  files.add(["b.py"]);
  files.take("b.py", later);
  files.close(["b.py"]);
  files.reopen(closed);
  files.take("b.py", later);
  expect(files.get("b.py")?.theirs).toEqual(later);
});

it("keeps nothing of a closed tab that had nothing unsaved", () => {
  read("a.py");
  expect(files.close(["a.py"])).toMatchObject([{ path: "a.py", doc: undefined }]);
  files.take("a.py", { content: "late", revision: "9" });
  expect(files.get("a.py")).toBeUndefined();
});

it("follows a folder that is moved, with text, cursor and what is typed meanwhile", async () => {
  read("dir/c.py");
  files.show("dir/c.py");
  files.type("dir/c.py", "mine");
  files.leave("dir/c.py", { scroll: 7 });
  await files.follow("dir", "new/place", () => {
    expect(files.isNews("dir/c.py", null)).toBe(false);
    files.gone("dir/c.py");
    files.type("dir/c.py", "more of mine");
    return Promise.resolve();
  });
  expect(files.paths).toEqual(["a.py", "b.py", "new/place/c.py"]);
  expect(files.get("new/place/c.py")).toMatchObject({ mine: "more of mine", gone: false });
  expect(files.shown).toBe("new/place/c.py");
  files.leave("dir/c.py", { frozen: "an editor that ends late" });
  expect(files.views.get("new/place/c.py")).toEqual({ scroll: 7, frozen: "an editor that ends late" });
});

it("stays where it is when a move is refused", async () => {
  read("dir/c.py");
  await expect(files.follow("dir", "new", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  files.gone("dir/c.py");
  expect(files.get("dir/c.py")?.gone).toBe(true);
});

it("takes for news what others do to open files, and only that", () => {
  read("a.py");
  expect([files.isNews("a.py", "1"), files.isNews("a.py", "2"), files.isNews("a.py", null)]).toEqual([false, true, true]);
  files.gone("a.py");
  expect([files.isNews("a.py", null), files.isNews("a.py", "1")]).toEqual([false, true]);
  expect([files.isNews("b.py", "1"), files.isNews("closed.py", "1")]).toEqual([true, false]);
});

it("keeps the text of a deleted file, and writes it again only when asked to", async () => {
  read("a.py");
  files.gone("a.py");
  files.type("a.py", "mine");
  await files.save("a.py");
  expect(asked).toEqual([]);
  await files.save("a.py", true);
  expect(asked).toEqual([["a.py", "mine", null]]);
  expect(files.get("a.py")).toMatchObject({ gone: false, revision: "of mine" });
});

it("takes a file that comes back as it was when it is read again, and not from what was read before", () => {
  const same = { content: "old", revision: "1" };
  files.take("a.py", same, 1);
  files.gone("a.py");
  files.take("a.py", same, 1);
  expect(files.get("a.py")).toMatchObject({ gone: true, mine: "old" });
  files.take("a.py", same, 2);
  expect(files.get("a.py")).toMatchObject({ gone: false, mine: "old", revision: "1" });
});

it("does not take an old answer for news", async () => {
  const first = { content: "old", revision: "1" };
  files.take("a.py", first);
  files.type("a.py", "mine");
  await files.save("a.py");
  files.take("a.py", first);
  expect(files.get("a.py")).toMatchObject({ mine: "mine", revision: "of mine", theirs: null });
});

it("looks again after a save when another change was told meanwhile, not when it was its own", async () => {
  read("a.py");
  for (const [said, expected] of [["of mine", []], ["of somebody", ["a.py"]]] as const) {
    looked = [];
    let end: (answer: SaveAnswer) => void = () => undefined;
    answer = () => new Promise((resolve) => (end = resolve));
    files.type("a.py", `mine${looked.length}${said}`);
    const saving = files.save("a.py");
    expect(files.isNews("a.py", said)).toBe(false);
    end({ revision: "of mine" });
    await saving;
    expect(looked).toEqual(expected);
  }
});

it("keeps what is typed while it is saved, and what could not be", async () => {
  read("a.py");
  files.type("a.py", "mine");
  const saving = files.save("a.py");
  files.type("a.py", "mine, and more");
  await saving;
  expect(files.get("a.py")).toMatchObject({ mine: "mine, and more", base: "mine", revision: "of mine" });
  answer = () => Promise.resolve({ theirs: { content: "theirs\r\n", revision: "7" } });
  await files.save("a.py");
  expect(files.get("a.py")?.theirs).toEqual({ content: "theirs\n", revision: "7" });
  answer = (_path, content) => Promise.resolve({ revision: `of ${content}` });
  await files.resolve("a.py", "both");
  expect(asked.at(-1)).toEqual(["a.py", "both", "7"]);
  expect(files.get("a.py") && isDirty(files.get("a.py")!)).toBe(false);
});

it("asks before the page is left while something is unsaved, whatever is shown", async () => {
  const leaving = () => {
    const event = new Event("beforeunload", { cancelable: true });
    window.dispatchEvent(event);
    return event.defaultPrevented;
  };
  read("a.py");
  expect(leaving()).toBe(false);
  files.type("a.py", "mine");
  files.show("b.py");
  expect(leaving()).toBe(true);
  await files.saveAll();
  expect(leaving()).toBe(false);
});

it("works where the browser stores nothing", () => {
  const broken = vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new Error("full");
  });
  files.add(["z.py"]);
  expect(files.paths).toContain("z.py");
  broken.mockRestore();
});
