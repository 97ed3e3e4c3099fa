import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { phaseOf } from "./machine";
import { Documents, type SaveAnswer } from "./store";

/** A file as the server keeps it: refuses what was made from another revision. */
function disk(content: string) {
  const file = { content, revision: 1, writes: 0 };
  const save = async (_: string, text: string, revision: string): Promise<SaveAnswer> => {
    await Promise.resolve();
    if (revision !== String(file.revision)) return { theirs: { content: file.content, revision: String(file.revision) } };
    Object.assign(file, { content: text, revision: file.revision + 1, writes: file.writes + 1 });
    return { revision: String(file.revision) };
  };
  return { file, save };
}

const snapshot = (content: string, revision = "1") => [{ uuid: "load", content, content_revision: revision }];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("saves once typing pauses", async () => {
  const { file, save } = disk("a");
  const docs = new Documents(save);
  docs.sync(snapshot("a"));
  docs.type("load", "ab");
  await vi.advanceTimersByTimeAsync(500);
  docs.type("load", "abc");
  await vi.advanceTimersByTimeAsync(700);
  expect(file.writes).toBe(0);
  await vi.advanceTimersByTimeAsync(100);
  expect([file.content, file.writes, docs.get("load")?.revision]).toEqual(["abc", 1, "2"]);
});

it("saves what was typed during a save after it, on the revision that it made", async () => {
  const { file, save } = disk("a");
  const docs = new Documents(save);
  docs.sync(snapshot("a"));
  docs.type("load", "b");
  const first = docs.saveNow("load");
  docs.type("load", "c");
  const second = docs.saveNow("load");
  await Promise.all([first, second]);
  expect([file.content, file.writes]).toEqual(["c", 2]);
});

it("writes a settled conflict after the save that was on its way when its event came", async () => {
  const { file, save } = disk("a");
  const docs = new Documents(save);
  docs.sync(snapshot("a"));
  docs.type("load", "mine");
  const flight = docs.saveNow("load");
  Object.assign(file, { content: "theirs", revision: 7 });
  docs.remote("load", { content: "theirs", revision: "7" });
  expect(phaseOf(docs.get("load")!)).toBe("conflict");
  await Promise.all([flight, docs.resolve("load", "both")]);
  expect([file.content, file.writes, phaseOf(docs.get("load")!)]).toEqual(["both", 1, "saved"]);
});

it("stops saving at a conflict and writes over what was seen, once that is settled", async () => {
  const { file, save } = disk("a");
  const docs = new Documents(save);
  docs.sync(snapshot("a"));
  Object.assign(file, { content: "theirs", revision: 7 });
  docs.type("load", "mine");
  await docs.saveNow("load");
  expect([file.content, phaseOf(docs.get("load")!)]).toEqual(["theirs", "conflict"]);
  docs.type("load", "mine too");
  await vi.advanceTimersByTimeAsync(5000);
  expect(file.content).toBe("theirs");
  await docs.resolve("load", "both");
  expect([file.content, phaseOf(docs.get("load")!)]).toEqual(["both", "saved"]);
});

it("tells of a block that is gone with unsaved text in it", () => {
  const docs = new Documents(disk("a").save);
  docs.sync(snapshot("a"));
  docs.type("load", "unsaved");
  expect(docs.sync([])).toEqual([{ block: "load", content: "unsaved" }]);
  expect(docs.get("load")).toBeUndefined();
});

it("gives a run everything unsaved, and keeps it unsaved when the run is refused", async () => {
  const { file, save } = disk("a");
  const docs = new Documents(save);
  docs.sync(snapshot("a"));
  docs.type("load", "b");
  const edits = docs.beginEdits();
  expect(edits).toEqual([{ block: "load", content: "b", revision: "1" }]);
  docs.editsFailed(edits, { block: "load", theirs: { content: "c", revision: "9" } });
  expect(phaseOf(docs.get("load")!)).toBe("conflict");
  await docs.resolve("load", "b");
  expect(file.writes).toBe(0);
  docs.editsDone(docs.beginEdits(), [{ block: "load", content_revision: "10" }]);
  expect(phaseOf(docs.get("load")!)).toBe("conflict");
});

it("keeps unsaved text through a change of the block's name", async () => {
  const { file, save } = disk("a");
  const docs = new Documents(save);
  docs.sync(snapshot("a"));
  docs.type("load", "b");
  docs.rename("load", "load_all");
  await vi.advanceTimersByTimeAsync(800);
  expect([docs.get("load_all")?.mine, file.content]).toEqual(["b", "b"]);
});

it("takes a file with other line ends for the same text", async () => {
  const docs = new Documents(disk("a\r\nb").save);
  docs.sync(snapshot("a\r\nb"));
  expect(docs.get("load")?.mine).toBe("a\nb");
  docs.remote("load", { content: "a\r\nb\r\n", revision: "2" });
  docs.type("load", "a\nb\n");
  expect(phaseOf(docs.get("load")!)).toBe("saved");
});

const missing = [{ uuid: "load", content: null, content_revision: "", file: null, content_error: "The file is missing." }];

it("keeps what is unsaved when the file is deleted, and writes it again only when asked to", async () => {
  const { file, save } = disk("a");
  const docs = new Documents(save);
  docs.sync(snapshot("a"));
  docs.type("load", "mine");
  docs.lose("load");
  Object.assign(file, { content: "", revision: "" });
  expect(docs.sync(missing)).toEqual([]);
  docs.type("load", "mine, longer");
  await vi.advanceTimersByTimeAsync(5000);
  expect([file.writes, phaseOf(docs.get("load")!), docs.beginEdits(), docs.dirty()]).toEqual([0, "gone", [], ["load"]]);
  await docs.recreate("load");
  expect([file.content, phaseOf(docs.get("load")!), docs.dirty()]).toEqual(["mine, longer", "saved", []]);
});

it("keeps the last text of a file that is deleted unedited, until it comes back or is let go", () => {
  const docs = new Documents(disk("a").save);
  docs.sync(snapshot("a"));
  docs.sync(missing);
  expect([phaseOf(docs.get("load")!), docs.get("load")?.mine, docs.dirty()]).toEqual(["gone", "a", []]);
  docs.remote("load", { content: "a", revision: "1" });
  expect(phaseOf(docs.get("load")!)).toBe("saved");
  docs.sync(missing);
  docs.sync(snapshot("b", "2"));
  expect([phaseOf(docs.get("load")!), docs.get("load")?.mine]).toEqual(["saved", "b"]);
  docs.lose("load");
  docs.forget("load");
  expect(docs.get("load")).toBeUndefined();
});

it("asks to merge when a deleted file comes back with another text than was typed meanwhile", () => {
  const docs = new Documents(disk("a").save);
  docs.sync(snapshot("a"));
  docs.type("load", "mine");
  docs.lose("load");
  docs.remote("load", { content: "theirs", revision: "3" });
  expect([phaseOf(docs.get("load")!), docs.get("load")?.mine, docs.get("load")?.theirs?.content]).toEqual(["conflict", "mine", "theirs"]);
});

it("learns from a refused save that the file is gone", async () => {
  const docs = new Documents(async () => ({ gone: true }));
  docs.sync(snapshot("a"));
  docs.type("load", "mine");
  await docs.saveNow("load");
  expect([phaseOf(docs.get("load")!), docs.get("load")?.mine]).toEqual(["gone", "mine"]);
});
