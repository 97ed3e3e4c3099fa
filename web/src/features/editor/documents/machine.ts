/**
 * What can happen to the text of one block while it is open, as a pure state machine.
 *
 * Three texts matter: `base` is what the file is known to contain, `mine` what the editor shows, `sent` what a save in
 * flight carries. The file may change under us at any time; nothing typed is ever dropped and nothing on disk is ever
 * overwritten unseen.
 */

export interface Remote {
  content: string;
  revision: string;
}

export interface SaveProblem {
  message: string;
  hint: string;
}

export interface Document {
  mine: string;
  base: string;
  revision: string;
  sent: string | null;
  /** The file's text when it differs from `base` while `mine` does too; saving stops until it is resolved. */
  theirs: Remote | null;
  problem: SaveProblem | null;
  /** The file is not there any more; nothing is saved until somebody says that it shall be written again. */
  gone: boolean;
  /** Counts changes that did not come from this editor, so that the editor knows when to take `mine` anew. */
  external: number;
  /** Revisions that this document once had: a snapshot that carries one of them is late, not news. */
  past: readonly string[];
  /** When the last save ended, in milliseconds since the epoch; 0 before the first. */
  savedAt: number;
}

export type Phase = "saved" | "dirty" | "saving" | "conflict" | "gone" | "problem";

const REMEMBERED = 20;

export function open(content: string, revision: string): Document {
  return {
    mine: content,
    base: content,
    revision,
    sent: null,
    theirs: null,
    problem: null,
    gone: false,
    external: 0,
    past: [],
    savedAt: 0,
  };
}

export function phaseOf(doc: Document): Phase {
  if (doc.theirs) return "conflict";
  if (doc.sent !== null) return "saving";
  if (doc.gone) return "gone";
  if (doc.problem) return "problem";
  return doc.mine === doc.base ? "saved" : "dirty";
}

export function isDirty(doc: Document): boolean {
  return doc.mine !== doc.base;
}

/** Whether a save may start now: something to write, nothing in flight, no conflict, a file to write into. */
export function canSave(doc: Document): boolean {
  return isDirty(doc) && doc.sent === null && !doc.theirs && !doc.gone;
}

export function typed(doc: Document, content: string): Document {
  return content === doc.mine ? doc : { ...doc, mine: content };
}

export function sending(doc: Document): Document {
  return { ...doc, sent: doc.mine, problem: null };
}

/** The server wrote what was sent. */
export function written(doc: Document, revision: string, now: number): Document {
  // The event of this save, or of a later change, came first: what it said is newer than this answer.
  if (doc.sent === null) return doc;
  const settled = at({ ...doc, sent: null, problem: null, gone: false, savedAt: now }, doc.sent, revision);
  if (!doc.theirs) return settled;
  // Somebody wrote after this save; with nothing typed since, theirs is simply the newer text.
  return doc.mine === doc.sent ? take(settled, doc.theirs) : { ...settled, revision, theirs: doc.theirs };
}

/** The server refused: the file is `theirs` now. */
export function refused(doc: Document, theirs: Remote): Document {
  const back = { ...doc, sent: null, gone: false };
  if (theirs.content === doc.mine) return at({ ...back, theirs: null, problem: null }, theirs.content, theirs.revision);
  // An event came before this answer, and what it told was settled meanwhile: that text is no news.
  if (theirs.revision === doc.revision) return back;
  return { ...back, theirs, problem: null };
}

/** The save failed without an answer about the file: what was typed stays, and can be sent again. */
export function failed(doc: Document, problem: SaveProblem): Document {
  return { ...doc, sent: null, problem };
}

/** A save was given up before it said anything about the file, as when a run is refused for another reason. */
export function unsent(doc: Document): Document {
  return { ...doc, sent: null };
}

/** The file was deleted. What the editor shows stays, to be written again or let go; a missing file has no revision. */
export function lost(doc: Document): Document {
  if (doc.gone && doc.sent === null) return doc;
  return { ...at(doc, doc.base, ""), sent: null, theirs: null, problem: null, gone: true };
}

/** The file changed on disk, as an event tells: in order, so always news. */
export function changed(was: Document, remote: Remote, now: number): Document {
  const doc = was.gone ? { ...was, gone: false } : was;
  if (remote.revision === doc.revision && !doc.theirs) return doc;
  if (doc.sent !== null && remote.content === doc.sent) {
    return at({ ...doc, sent: null, theirs: null, problem: null, savedAt: now }, remote.content, remote.revision);
  }
  if (remote.content === doc.base) return at({ ...doc, theirs: null }, doc.base, remote.revision);
  if (remote.content === doc.mine) {
    return at({ ...doc, sent: null, theirs: null, problem: null }, remote.content, remote.revision);
  }
  if (!isDirty(doc)) return take({ ...doc, theirs: null }, remote);
  return { ...doc, theirs: remote };
}

/** The text that came with a snapshot of the pipeline, which may have been made before our last save. */
export function snapshot(doc: Document, remote: Remote, now: number): Document {
  if (doc.gone) return doc.sent === null ? changed(doc, remote, now) : doc;
  if (remote.revision === doc.revision || remote.revision === doc.theirs?.revision) return doc;
  if (doc.sent !== null || doc.past.includes(remote.revision)) return doc;
  return changed(doc, remote, now);
}

/** A conflict was settled with this text; it is to be written over `theirs`, which was seen. */
export function resolved(doc: Document, content: string): Document {
  if (!doc.theirs) return doc;
  const settled = at({ ...doc, theirs: null, problem: null }, doc.theirs.content, doc.theirs.revision);
  return { ...settled, mine: content, external: content === doc.mine ? doc.external : doc.external + 1 };
}

/** The text is replaced from this program (format, restore, undo), to be saved like typing. */
export function replaced(doc: Document, content: string): Document {
  return content === doc.mine ? doc : { ...doc, mine: content, external: doc.external + 1 };
}

function take(doc: Document, remote: Remote): Document {
  return { ...at(doc, remote.content, remote.revision), mine: remote.content, external: doc.external + 1, theirs: null };
}

function at(doc: Document, base: string, revision: string): Document {
  const past = revision === doc.revision ? doc.past : [...doc.past, doc.revision].slice(-REMEMBERED);
  return { ...doc, base, revision, past: past.filter((old) => old !== revision) };
}
