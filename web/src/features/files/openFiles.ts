import { createStore, type StoreApi } from "zustand/vanilla";
import type { Frozen } from "../editor/code/setup";
import { canSave, changed, failed, isDirty, lost, open, refused, replaced, resolved, sending, typed, unsent, written, type Document, type Remote } from "../editor/documents/machine";
import { plainLines, type SaveAnswer } from "../editor/documents/store";
import { isWithin, keep, movedPath, recall } from "./tabs";

export interface OpenState {
  /** The row of tabs. */
  paths: readonly string[];
  /** What is in the files that were looked at; the others are read when they are. */
  docs: Readonly<Record<string, Document>>;
}

/** What an editor is left with: cursor, history, and how far it was scrolled. */
export interface View {
  frozen?: Frozen;
  scroll: number;
}

/** A tab that was closed, with everything that brings it back; `doc` when something in it was unsaved. */
export interface Closed {
  path: string;
  at: number;
  doc?: Document;
  view?: View;
}

interface Ways {
  /** Writes a file; a revision of null makes a new one. */
  save: (path: string, content: string, revision: string | null) => Promise<SaveAnswer>;
  /** Reads a file again, which answers by `take` or `gone`. */
  look: (path: string) => void;
}

const MOST_CLOSED = 30;

/**
 * The files that are open on the page Files: which, what is in them, and what of that is unsaved.
 *
 * There is one per project and browser tab. It outlives the page, so that leaving and coming back loses nothing.
 */
export class OpenFiles {
  readonly store: StoreApi<OpenState>;
  /** What was shown last. */
  shown: string;
  readonly views = new Map<string, View>();
  readonly closed: Closed[] = [];
  private readonly saves = new Map<string, Promise<void>>();
  /** Files that were said to have changed while they were being saved, with their revision if that was said. */
  private readonly late = new Map<string, string | null>();
  /** What is being moved or deleted from here. */
  private readonly handled = new Set<string>();
  /** The last answer of each file: taken once, or what it says would undo what was typed since. */
  private readonly taken = new Map<string, unknown>();
  /** Where editors of files that have moved in the meantime leave their cursor. */
  private readonly places = new Map<string, string>();

  constructor(
    private readonly key: string,
    private readonly ways: Ways,
  ) {
    const { paths, shown } = recall(key);
    this.shown = shown;
    this.store = createStore<OpenState>(() => ({ paths, docs: {} }));
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    this.store.subscribe(({ paths: now, docs }, before) => {
      if (now !== before.paths) this.remember();
      if (docs === before.docs) return;
      if (Object.values(docs).some(isDirty)) window.addEventListener("beforeunload", warn);
      else window.removeEventListener("beforeunload", warn);
    });
  }

  get(path: string): Document | undefined {
    return this.store.getState().docs[path];
  }

  get paths(): readonly string[] {
    return this.store.getState().paths;
  }

  /** Shows a file; it has a tab from now on. */
  show(path: string): void {
    this.shown = path;
    if (this.paths.includes(path)) this.remember();
    else this.add([path]);
  }

  /** Gives these files tabs. */
  add(paths: readonly string[]): void {
    const more = [...new Set(paths)].filter((path) => !this.paths.includes(path));
    for (const path of more) this.places.delete(path);
    if (more.length > 0) this.store.setState({ paths: [...this.paths, ...more] });
  }

  /** Closes tabs. What was unsaved in them can be brought back with the answer, and with `reopen` until the page is left. */
  close(paths: Iterable<string>): Closed[] {
    const { paths: all, docs } = this.store.getState();
    const closing = new Set(paths);
    const gone = all.flatMap((path, at): Closed[] => (closing.has(path) ? [{ path, at, doc: docs[path] && isHeld(docs[path]) ? docs[path] : undefined, view: this.views.get(path) }] : []));
    this.closed.push(...gone);
    this.closed.splice(0, this.closed.length - MOST_CLOSED);
    for (const { path } of gone) {
      this.views.delete(path);
      this.taken.delete(path);
    }
    this.store.setState({ paths: all.filter((path) => !closing.has(path)), docs: Object.fromEntries(Object.entries(docs).filter(([path]) => !closing.has(path))) });
    return gone;
  }

  /** Brings closed tabs back, each where it was. */
  reopen(closed: readonly Closed[]): void {
    const paths = [...this.paths];
    const docs = { ...this.store.getState().docs };
    for (const { path, at, doc, view } of closed) {
      if (!paths.includes(path)) paths.splice(Math.min(at, paths.length), 0, path);
      if (doc && !(docs[path] && isDirty(docs[path]))) docs[path] = { ...doc, sent: null, external: (docs[path]?.external ?? doc.external) + 1 };
      if (view) this.views.set(path, view);
      this.taken.delete(path);
      const held = this.closed.findIndex((one) => one.path === path);
      if (held >= 0) this.closed.splice(held, 1);
    }
    this.store.setState({ paths, docs });
    for (const { path, doc } of closed) if (doc) this.ways.look(path);
  }

  /** While `work` moves or deletes these, with all that lies in them, what is told of them is no news. */
  async apart(tops: readonly string[], work: () => Promise<void>): Promise<void> {
    await this.settled((path) => tops.some((top) => isWithin(path, top)));
    for (const top of tops) this.handled.add(top);
    try {
      await work();
    } finally {
      for (const top of tops) this.handled.delete(top);
    }
  }

  /** As `apart`; afterwards the tabs of what was moved are at the new place. */
  async follow(from: string, to: string, work: () => Promise<void>): Promise<void> {
    await this.apart([from], async () => {
      await work();
      this.moved(from, to);
    });
  }

  private moved(from: string, to: string): void {
    const { paths, docs } = this.store.getState();
    const going = paths.filter((path) => isWithin(path, from));
    const places = new Map(going.map((path) => [path, movedPath(path, from, to)]));
    // A tab may have stayed of a file that was at the new place before.
    const held = paths.filter((path) => [...places.values()].includes(path) && !places.has(path));
    if (held.length > 0) this.close(held);
    const left = this.store.getState().paths;
    this.shown = movedPath(this.shown, from, to);
    for (const [old, path] of places) {
      const view = this.views.get(old);
      if (view) this.views.set(path, view);
      this.views.delete(old);
      this.places.delete(path);
      this.places.set(old, path);
    }
    const at = (path: string) => places.get(path) ?? path;
    this.store.setState({ paths: left.map(at), docs: Object.fromEntries(Object.entries(docs).filter(([path]) => !held.includes(path)).map(([path, doc]) => [at(path), doc])) });
  }

  /** What the server has of a file; `answer` is by what one reading is told from the next: each says something once. */
  take(path: string, remote: Remote, answer: unknown = remote): void {
    const doc = this.get(path);
    if (!this.paths.includes(path) || (doc && this.taken.get(path) === answer)) return;
    this.taken.set(path, answer);
    const plain = { ...remote, content: plainLines(remote.content) };
    if (!doc) this.store.setState(({ docs }) => ({ docs: { ...docs, [path]: open(plain.content, plain.revision) } }));
    else if (doc.sent !== null) this.late.set(path, null);
    else this.update(path, (now) => changed(now, plain, Date.now()));
  }

  /** There is no such file any more: what was in it is kept, and not written before somebody asks for it. */
  gone(path: string): void {
    if (this.isHandled(path)) return;
    if (this.get(path)?.sent != null) this.late.set(path, null);
    else this.update(path, lost);
  }

  /** Others, or a save of ours, have changed a file: whether it is to be read. A save under way is waited for. */
  isNews(path: string, revision: string | null): boolean {
    if (!this.paths.includes(path) || this.isHandled(path)) return false;
    const doc = this.get(path);
    if (!doc) return true;
    if (doc.sent !== null) {
      this.late.set(path, revision);
      return false;
    }
    return revision === null ? !doc.gone : doc.gone || doc.revision !== revision;
  }

  private isHandled(path: string): boolean {
    return [...this.handled].some((top) => isWithin(path, top));
  }

  /** An editor is left, or scrolled: what it is to go on with. */
  leave(path: string, view: Partial<View>): void {
    const place = this.places.get(path) ?? path;
    if (this.paths.includes(place)) this.views.set(place, { scroll: 0, ...this.views.get(place), ...view });
  }

  type(path: string, text: string): void {
    this.update(path, (doc) => typed(doc, text));
  }

  replace(path: string, text: string): void {
    this.update(path, (doc) => replaced(doc, text));
  }

  /** A conflict is settled by this text, and saved when it differs from theirs. */
  async resolve(path: string, text: string): Promise<void> {
    this.update(path, (doc) => resolved(doc, text));
    await this.save(path);
  }

  /** Saves what is unsaved, after a save in flight; of a file that is gone only when it is to be written again. */
  async save(path: string, again = false): Promise<void> {
    for (let flight = this.saves.get(path); flight; flight = this.saves.get(path)) await flight;
    const doc = this.get(path);
    if (!doc || !(canSave(doc) || (again && doc.gone))) return;
    const work = this.write(path, doc).finally(() => this.saves.delete(path));
    this.saves.set(path, work);
    await work;
  }

  async saveAll(): Promise<void> {
    await Promise.all(this.paths.map((path) => this.save(path)));
  }

  dirty(): string[] {
    const { paths, docs } = this.store.getState();
    return paths.filter((path) => docs[path] && isDirty(docs[path]));
  }

  async settled(which: (path: string) => boolean): Promise<void> {
    await Promise.all([...this.saves].filter(([path]) => which(path)).map(([, flight]) => flight));
  }

  private async write(path: string, doc: Document): Promise<void> {
    this.update(path, sending);
    const answer = await this.ways.save(path, doc.mine, doc.gone ? null : doc.revision);
    this.update(path, (now) => {
      if ("revision" in answer) return written(now, answer.revision, Date.now());
      if ("theirs" in answer) return refused(now, { ...answer.theirs, content: plainLines(answer.theirs.content) });
      return "gone" in answer ? lost(unsent(now)) : failed(now, answer.problem);
    });
    const said = this.late.get(path);
    this.late.delete(path);
    if (said !== undefined && (said === null || said !== this.get(path)?.revision)) this.ways.look(path);
  }

  private update(path: string, change: (doc: Document) => Document): void {
    const { docs } = this.store.getState();
    const doc = docs[path];
    if (!doc) return;
    const next = change(doc);
    if (next !== doc) this.store.setState({ docs: { ...docs, [path]: next } });
  }

  private remember(): void {
    keep(this.key, { paths: [...this.paths], shown: this.shown });
  }
}

/** Whether something would be lost with its tab: what was typed, or the text of a file that is gone. */
export function isHeld(doc: Document): boolean {
  return isDirty(doc) || doc.gone;
}
