import { createStore, type StoreApi } from "zustand/vanilla";
import { failed, isDirty, open, refused, resolved, sending, snapshot, typed, written, type Document, type Remote, type SaveProblem } from "./machine";
import { plainLines } from "./store";

/** How saving it can end. */
export type YamlAnswer = { revision: string } | { theirs: Remote } | { problem: SaveProblem };

export interface YamlState {
  doc: Document | null;
  /** Its path in the project. */
  file: string;
}

/**
 * The pipeline's own file while it is edited as text: what was typed, and what others, or the rest of the editor, have made of
 * it meanwhile. It outlives the panel, so that closing that loses nothing; it is saved on request only.
 */
export class YamlText {
  readonly store: StoreApi<YamlState> = createStore<YamlState>(() => ({ doc: null, file: "" }));

  constructor(private readonly write: (content: string, revision: string) => Promise<YamlAnswer>) {}

  get doc(): Document | null {
    return this.store.getState().doc;
  }

  get dirty(): boolean {
    return this.doc !== null && isDirty(this.doc);
  }

  /** Takes the file as the server has it: at once where nothing was typed, beside what was typed else. */
  take(file: string, remote: Remote): void {
    const now = { ...remote, content: plainLines(remote.content) };
    const doc = this.doc;
    this.store.setState({ file, doc: doc ? snapshot(doc, now, Date.now()) : open(now.content, now.revision) });
  }

  type(content: string): void {
    this.put((doc) => typed(doc, content));
  }

  /** What was typed is given up. */
  discard(): void {
    this.put((doc) => (doc.theirs ? resolved(doc, doc.theirs.content) : { ...doc, mine: doc.base, external: doc.external + 1, problem: null }));
  }

  /** Settles what both have changed, and saves it over what was seen of theirs. */
  async resolve(content: string): Promise<boolean> {
    this.put((doc) => resolved(doc, content));
    return this.save();
  }

  /** Whether the file is now what was typed. */
  async save(): Promise<boolean> {
    const doc = this.doc;
    if (!doc || doc.sent !== null || doc.theirs) return false;
    if (!isDirty(doc)) return true;
    this.put(sending);
    const answer = await this.write(doc.mine, doc.revision);
    if ("revision" in answer) this.put((now) => written(now, answer.revision, Date.now()));
    else if ("theirs" in answer) this.put((now) => refused(now, { ...answer.theirs, content: plainLines(answer.theirs.content) }));
    else this.put((now) => failed(now, answer.problem));
    return "revision" in answer;
  }

  private put(change: (doc: Document) => Document): void {
    const { doc } = this.store.getState();
    if (doc) this.store.setState({ doc: change(doc) });
  }
}
