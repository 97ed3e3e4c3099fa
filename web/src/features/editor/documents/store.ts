import { createStore, type StoreApi } from "zustand/vanilla";
import {
  canSave,
  changed,
  failed,
  isDirty,
  lost,
  open,
  refused,
  replaced,
  resolved,
  sending,
  snapshot,
  typed,
  unsent,
  written,
  type Document,
  type Remote,
  type SaveProblem,
} from "./machine";

export interface Edit {
  block: string;
  content: string;
  revision: string;
}

/** How a save can end; anything else it throws is shown as a problem that leaves the text unsaved. */
export type SaveAnswer = { revision: string } | { theirs: Remote } | { gone: true } | { problem: SaveProblem };

export interface DocumentsState {
  docs: Readonly<Record<string, Document>>;
}

export interface Snapshot {
  uuid: string;
  content: string | null;
  content_revision: string;
  /** Where the text is; none when the file is missing. */
  file?: string | null;
  content_error?: string | null;
}

/** Texts here have plain line ends; the server keeps those that the file has. */
export function plainLines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

/** Whether a block should have a file and has none. */
export function isMissing(block: Snapshot): boolean {
  return block.content === null && block.file === null && block.content_error != null;
}

function plainRemote(remote: Remote): Remote {
  return { ...remote, content: plainLines(remote.content) };
}

type Save = (block: string, content: string, revision: string) => Promise<SaveAnswer>;

const AUTOSAVE_MS = 800;

/**
 * The texts of a pipeline's blocks while it is open: what is typed, when it is saved, and what others do to the files.
 *
 * One per pipeline and tab; it outlives the page, so that leaving and coming back loses nothing.
 */
export class Documents {
  readonly store: StoreApi<DocumentsState> = createStore<DocumentsState>(() => ({ docs: {} }));
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly saves = new Map<string, Promise<void>>();

  constructor(private readonly save: Save) {}

  get(block: string): Document | undefined {
    return this.store.getState().docs[block];
  }

  /** Takes the texts of a snapshot. Answers with blocks that are gone though something unsaved was in them. */
  sync(blocks: readonly Snapshot[]): { block: string; content: string }[] {
    const { docs } = this.store.getState();
    const next: Record<string, Document> = {};
    const now = Date.now();
    let moved = false;
    for (const block of blocks) {
      const doc = docs[block.uuid];
      if (block.content === null) {
        if (doc && (doc.gone || isMissing(block))) next[block.uuid] = lost(doc);
        else if (doc && isDirty(doc)) next[block.uuid] = doc;
        moved ||= next[block.uuid] !== doc;
        continue;
      }
      const remote = { content: plainLines(block.content), revision: block.content_revision };
      next[block.uuid] = doc ? snapshot(doc, remote, now) : open(remote.content, remote.revision);
      moved ||= next[block.uuid] !== doc;
    }
    const orphans = Object.entries(docs).filter(([block, doc]) => !(block in next) && isDirty(doc));
    if (moved || Object.keys(next).length !== Object.keys(docs).length) this.store.setState({ docs: next });
    for (const block of this.timers.keys()) if (!(block in next)) this.cancel(block);
    return orphans.map(([block, doc]) => ({ block, content: doc.mine }));
  }

  /** A block has another uuid now; its unsaved text goes with it. */
  rename(from: string, to: string): void {
    const { [from]: doc, ...rest } = this.store.getState().docs;
    if (!doc || from === to) return;
    this.store.setState({ docs: { ...rest, [to]: doc } });
    if (this.timers.has(from)) this.schedule(to);
    this.cancel(from);
  }

  type(block: string, content: string): void {
    this.update(block, (doc) => typed(doc, content));
    this.schedule(block);
  }

  replace(block: string, content: string): void {
    this.update(block, (doc) => replaced(doc, content));
    this.schedule(block);
  }

  remote(block: string, remote: Remote): void {
    this.update(block, (doc) => changed(doc, plainRemote(remote), Date.now()));
    this.schedule(block);
  }

  async resolve(block: string, content: string): Promise<void> {
    this.update(block, (doc) => resolved(doc, content));
    await this.saveNow(block);
  }

  /** The file is gone: what was typed is kept, and not written before somebody asks for it. */
  lose(block: string): void {
    this.cancel(block);
    this.update(block, lost);
  }

  /** Writes the file of a block anew that is gone, with what its editor shows. */
  async recreate(block: string): Promise<void> {
    const doc = this.get(block);
    if (!doc?.gone || doc.sent !== null) return;
    const work = this.write(block, doc).finally(() => this.saves.delete(block));
    this.saves.set(block, work);
    await work;
  }

  /** Lets go of the text of a block whose file is gone. */
  forget(block: string): void {
    const { [block]: doc, ...rest } = this.store.getState().docs;
    if (doc?.gone) this.store.setState({ docs: rest });
  }

  /** Saves what is unsaved, after a save in flight; resolves when the outcome is known. */
  async saveNow(block: string): Promise<void> {
    this.cancel(block);
    for (let flight = this.saves.get(block); flight; flight = this.saves.get(block)) await flight;
    const doc = this.get(block);
    if (!doc || !canSave(doc)) return;
    const work = this.write(block, doc).finally(() => this.saves.delete(block));
    this.saves.set(block, work);
    await work;
  }

  async saveAll(): Promise<void> {
    await Promise.all(Object.keys(this.store.getState().docs).map((block) => this.saveNow(block)));
  }

  dirty(): string[] {
    return Object.entries(this.store.getState().docs).filter(([, doc]) => isDirty(doc)).map(([block]) => block);
  }

  /** Waits for saves in flight, so that what is sent next meets the files as they will be; no wait when there is none. */
  settled(): Promise<unknown> | null {
    return this.saves.size ? Promise.all(this.saves.values()) : null;
  }

  /** Everything unsaved, to be written by the request that runs it. One of `editsDone` and `editsFailed` must follow. */
  beginEdits(): Edit[] {
    const { docs } = this.store.getState();
    const edits: Edit[] = [];
    for (const [block, doc] of Object.entries(docs)) {
      if (!canSave(doc)) continue;
      this.cancel(block);
      edits.push({ block, content: doc.mine, revision: doc.revision });
      this.update(block, sending);
    }
    return edits;
  }

  editsDone(edits: readonly Edit[], saved: readonly { block: string; content_revision: string }[]): void {
    const revisions = new Map(saved.map((item) => [item.block, item.content_revision]));
    for (const { block } of edits) {
      const revision = revisions.get(block);
      this.update(block, (doc) => (revision ? written(doc, revision, Date.now()) : unsent(doc)));
      this.schedule(block);
    }
  }

  /** Nothing ran. `conflict` names the block whose file was another one, or none; the rest stays unsaved. */
  editsFailed(edits: readonly Edit[], conflict: { block: string; theirs: Remote | null } | null): void {
    for (const { block } of edits) {
      this.update(block, (doc) => (conflict?.block !== block ? unsent(doc) : conflict.theirs ? refused(doc, plainRemote(conflict.theirs)) : lost(unsent(doc))));
      this.schedule(block);
    }
  }

  private async write(block: string, doc: Document): Promise<void> {
    this.update(block, sending);
    const answer = await this.save(block, doc.mine, doc.revision);
    if ("revision" in answer) this.update(block, (now) => written(now, answer.revision, Date.now()));
    else if ("theirs" in answer) this.update(block, (now) => refused(now, plainRemote(answer.theirs)));
    else if ("gone" in answer) this.update(block, (now) => lost(unsent(now)));
    else this.update(block, (now) => failed(now, answer.problem));
    this.schedule(block);
  }

  private update(block: string, change: (doc: Document) => Document): void {
    const { docs } = this.store.getState();
    const doc = docs[block];
    if (!doc) return;
    const next = change(doc);
    if (next !== doc) this.store.setState({ docs: { ...docs, [block]: next } });
  }

  /** (Re)starts the wait for a pause in typing. After a failed save only the next key or a press starts another. */
  private schedule(block: string): void {
    this.cancel(block);
    const doc = this.get(block);
    if (!doc || !canSave(doc) || doc.problem) return;
    this.timers.set(block, setTimeout(() => void this.saveNow(block), AUTOSAVE_MS));
  }

  private cancel(block: string): void {
    clearTimeout(this.timers.get(block));
    this.timers.delete(block);
  }
}
