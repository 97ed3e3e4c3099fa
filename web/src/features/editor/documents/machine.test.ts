import { describe, expect, it } from "vitest";
import { canSave, changed, failed, isDirty, open, phaseOf, refused, replaced, resolved, sending, snapshot, typed, written } from "./machine";

const start = () => open("a", "1");

describe("saving", () => {
  it("goes from saved over dirty and saving back to saved", () => {
    const dirty = typed(start(), "ab");
    expect([phaseOf(start()), phaseOf(dirty), phaseOf(sending(dirty))]).toEqual(["saved", "dirty", "saving"]);
    const done = written(sending(dirty), "2", 5);
    expect([phaseOf(done), done.revision, done.base, done.savedAt]).toEqual(["saved", "2", "ab", 5]);
  });

  it("keeps what is typed while a save is in flight", () => {
    const done = written(typed(sending(typed(start(), "ab")), "abc"), "2", 0);
    expect([done.mine, done.base, phaseOf(done), canSave(done)]).toEqual(["abc", "ab", "dirty", true]);
  });

  it("keeps the text when a save fails, and can send it again", () => {
    const lost = failed(sending(typed(start(), "ab")), { message: "no", hint: "" });
    expect([lost.mine, phaseOf(lost), canSave(lost)]).toEqual(["ab", "problem", true]);
  });

  it("takes the event of its own save for its answer, whichever comes first", () => {
    const heard = changed(sending(typed(start(), "ab")), { content: "ab", revision: "2" }, 0);
    expect(phaseOf(heard)).toBe("saved");
    const news = changed(heard, { content: "x", revision: "3" }, 0);
    const late = written(news, "2", 0);
    expect([late.mine, late.revision]).toEqual(["x", "3"]);
  });
});

describe("changes from outside", () => {
  it("are taken at once when nothing is unsaved", () => {
    const next = changed(start(), { content: "b", revision: "2" }, 0);
    expect([next.mine, phaseOf(next), next.external]).toEqual(["b", "saved", 1]);
  });

  it("never replace what was typed: a conflict keeps both", () => {
    const next = changed(typed(start(), "mine"), { content: "theirs", revision: "2" }, 0);
    expect([next.mine, next.theirs?.content, next.base, phaseOf(next)]).toEqual(["mine", "theirs", "a", "conflict"]);
    expect(canSave(next)).toBe(false);
  });

  it("that say the same as what was typed are no conflict", () => {
    const next = changed(typed(start(), "b"), { content: "b", revision: "2" }, 0);
    expect([phaseOf(next), next.external]).toEqual(["saved", 0]);
  });

  it("that go back to the text before end a conflict", () => {
    const clash = changed(typed(start(), "mine"), { content: "theirs", revision: "2" }, 0);
    const back = changed(clash, { content: "a", revision: "1" }, 0);
    expect([phaseOf(back), back.mine]).toEqual(["dirty", "mine"]);
  });

  it("after our save, with nothing typed since, are simply newer", () => {
    const clash = changed(sending(typed(start(), "ab")), { content: "later", revision: "3" }, 0);
    const done = written(clash, "2", 0);
    expect([done.mine, done.revision, phaseOf(done)]).toEqual(["later", "3", "saved"]);
  });

  it("in a snapshot made before our last save are late, not news", () => {
    const done = written(sending(typed(start(), "ab")), "2", 0);
    expect(snapshot(done, { content: "a", revision: "1" }, 0)).toBe(done);
    expect(changed(done, { content: "a", revision: "1" }, 0).mine).toBe("a");
  });
});

describe("a conflict", () => {
  it("found by the server keeps both texts and is written over the one that was seen", () => {
    const clash = refused(sending(typed(start(), "mine")), { content: "theirs", revision: "2" });
    expect(phaseOf(clash)).toBe("conflict");
    const done = resolved(clash, "both");
    expect([done.mine, done.base, done.revision, phaseOf(done)]).toEqual(["both", "theirs", "2", "dirty"]);
    expect(phaseOf(resolved(clash, "theirs"))).toBe("saved");
  });

  it("that is settled while a save is in flight is not found again by its refusal", () => {
    const clash = changed(sending(typed(start(), "mine")), { content: "theirs", revision: "2" }, 0);
    const done = refused(resolved(clash, "both"), { content: "theirs", revision: "2" });
    expect([done.mine, done.base, done.revision, phaseOf(done), canSave(done)]).toEqual(["both", "theirs", "2", "dirty", true]);
    const news = refused(resolved(clash, "both"), { content: "more", revision: "3" });
    expect([phaseOf(news), news.theirs?.content]).toEqual(["conflict", "more"]);
  });

  it("with the same text on both sides is none", () => {
    expect(phaseOf(refused(sending(typed(start(), "b")), { content: "b", revision: "2" }))).toBe("saved");
  });
});

it("replacing the text from the program counts as external and is unsaved", () => {
  const next = replaced(start(), "b");
  expect([next.external, isDirty(next)]).toEqual([1, true]);
});
