import type { QueryClient } from "@tanstack/react-query";
import { createStore } from "zustand/vanilla";
import { ApiError } from "../../../api/client";
import type { PipelineDetail, PipelineEvent, PipelineStatus } from "../../../api/types";
import { toast } from "../../../ui/toasts";
import type { Remote } from "../documents/machine";
import { Documents, type SaveAnswer } from "../documents/store";
import { YamlText, type YamlAnswer } from "../documents/yaml";
import { pipelineQuery, requests, statusQuery } from "../queries";
import { Consoles } from "../status/consoles";
import { leftBusy, patched } from "../status/patch";
import { Scratchpads } from "../status/scratchpads";
import { everyText, withBlockDetail } from "./addOns";
import { createUi } from "./ui";

/**
 * One pipeline that is open in this tab: its texts, what its blocks print, what is known of it from the server.
 *
 * It outlives the page, so that going to another page and back keeps unsaved text and the history of each editor.
 */
export class EditorSession {
  readonly documents: Documents;
  readonly yaml: YamlText;
  readonly consoles = new Consoles();
  readonly scratchpads = new Scratchpads();
  readonly ui = createUi();
  /** How the blocks stand, as the query cache has it, for the many small parts that follow one block each. */
  readonly statuses = createStore<{ status: PipelineStatus | undefined }>(() => ({ status: undefined }));
  /** The states of code editors that are not mounted now, by block: text, cursor, history. */
  readonly editors = new Map<string, unknown>();
  /** Runs that have ended, as far as events told: the answer that names a quick run may come after its end. */
  readonly ended = new Set<string>();
  private changes = 0;
  private announced: string | null = null;
  private refetch = false;

  constructor(
    readonly pipeline: string,
    readonly client: QueryClient,
  ) {
    this.documents = new Documents((block, content, revision) => this.save(block, content, revision));
    this.yaml = new YamlText((content, revision) => this.saveYaml(content, revision));
    this.statuses.setState({ status: this.status });
    client.getQueryCache().subscribe(({ type, query }) => {
      const [noun, of] = query.queryKey;
      if (type === "updated" && noun === "status" && of === pipeline) this.statuses.setState({ status: this.status });
    });
  }

  get detail(): PipelineDetail | undefined {
    return this.client.getQueryData(pipelineQuery(this.pipeline).queryKey);
  }

  get status(): PipelineStatus | undefined {
    return this.client.getQueryData(statusQuery(this.pipeline).queryKey);
  }

  /** The pipeline as the server now has it. */
  setDetail(detail: PipelineDetail): void {
    this.client.setQueryData(pipelineQuery(this.pipeline).queryKey, detail);
    this.takeTexts(detail);
    for (const note of detail.notes) toast(note);
  }

  takeTexts(detail: PipelineDetail): void {
    for (const { block, content } of this.documents.sync(everyText(detail))) {
      toast(`Block ${block} was deleted elsewhere, with unsaved text of yours in it.`, {
        seconds: 60,
        action: { label: "Copy the text", run: () => void navigator.clipboard.writeText(content) },
      });
    }
  }

  /** Draws the pipeline as a change will leave it, before the server has answered. */
  guess(change: (detail: PipelineDetail) => PipelineDetail): void {
    const now = this.detail;
    if (now) this.client.setQueryData(pipelineQuery(this.pipeline).queryKey, change(now));
  }

  setStatus(change: (status: PipelineStatus) => PipelineStatus): void {
    const now = this.status;
    if (!now) return;
    const next = change(now);
    if (next !== now) this.client.setQueryData(statusQuery(this.pipeline).queryKey, next);
  }

  /** Runs a change of the pipeline; while it is under way, its own events lead to no second fetch. */
  async change<T>(work: () => Promise<T>): Promise<T> {
    this.changes += 1;
    try {
      return await work();
    } finally {
      this.changes -= 1;
      this.fetchIfNews();
    }
  }

  hear(events: readonly PipelineEvent[]): void {
    const status = this.status;
    let next = status;
    for (const event of events) {
      if (next) next = patched(next, event);
      this.consoles.hear(event);
      this.scratchpads.hear(event);
      if (event.type === "content_changed") this.hearContent(event);
      else if (event.type === "pipeline_changed") this.announced = event.revision;
      else if (event.type === "run_ended") {
        this.ended.add(event.run.run);
        if (next && leftBusy(next, event.run.run)) void this.fetchStatus();
      }
    }
    if (next && next !== status) this.client.setQueryData(statusQuery(this.pipeline).queryKey, next);
    this.fetchIfNews();
  }

  /** Events were missed: fetch what they would have told. */
  reset(): void {
    void this.fetchStatus();
    void this.fetchDetail();
  }

  fetchDetail(): Promise<unknown> {
    return this.client.invalidateQueries({ queryKey: ["pipeline", this.pipeline], exact: true });
  }

  private fetchStatus(): Promise<unknown> {
    return this.client.invalidateQueries({ queryKey: ["status", this.pipeline], exact: true });
  }

  private fetchIfNews(): void {
    if (this.changes > 0) return;
    if (this.refetch || (this.announced !== null && this.announced !== this.detail?.revision)) void this.fetchDetail();
    this.announced = null;
    this.refetch = false;
  }

  /** The text of a block is another one; without a revision it has none: its file was deleted. */
  private hearContent({ block, content, content_revision: revision }: Extract<PipelineEvent, { type: "content_changed" }>): void {
    const shown = this.detail && everyText(this.detail).find((one) => one.uuid === block);
    const known = this.documents.get(block)?.revision === revision;
    if (revision === "") this.documents.lose(block);
    else if (typeof content === "string") this.documents.remote(block, { content, revision });
    // Whether there is a file, and which, is said by the pipeline as a whole.
    if (revision === "" || shown?.content === null || (typeof content !== "string" && !known)) this.refetch = true;
  }

  private async saveYaml(content: string, revision: string): Promise<YamlAnswer> {
    try {
      const saved = await this.change(async () => {
        const answer = await requests.saveYaml(this.pipeline, content, revision);
        await this.fetchDetail();
        return answer;
      });
      return { revision: saved.revision };
    } catch (error) {
      const theirs = conflictOf(error);
      return theirs ? { theirs } : { problem: problemOf(error) };
    }
  }

  private async save(block: string, content: string, revision: string): Promise<SaveAnswer> {
    try {
      const saved = await this.change(async () => {
        const answer = await requests.saveBlock(this.pipeline, block, content, revision);
        if (answer.pipeline) this.client.setQueryData(pipelineQuery(this.pipeline).queryKey, answer.pipeline);
        else {
          this.guess((detail) => withBlockDetail(detail, answer.block));
        }
        return answer;
      });
      for (const note of saved.notes) toast(note);
      return { revision: saved.content_revision };
    } catch (error) {
      const theirs = conflictOf(error);
      if (theirs) return { theirs };
      if (!isGone(error)) return { problem: problemOf(error) };
      void this.fetchDetail();
      return { gone: true };
    }
  }
}

/** Whether an error says that the file was deleted since it was seen. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409 && error.details?.revision === null;
}

/** The file as it is now, when an error says that it is not the one that was seen. */
export function conflictOf(error: unknown): Remote | null {
  if (!(error instanceof ApiError) || error.status !== 409) return null;
  const { revision, content } = error.details ?? {};
  return typeof revision === "string" && typeof content === "string" ? { revision, content } : null;
}

export function problemOf(error: unknown): { message: string; hint: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { message, hint: error instanceof ApiError ? error.hint : "" };
}

const sessions = new Map<string, EditorSession>();

export function sessionOf(pipeline: string, client: QueryClient): EditorSession {
  let session = sessions.get(pipeline);
  if (!session) {
    session = new EditorSession(pipeline, client);
    sessions.set(pipeline, session);
  }
  return session;
}

/** Whether anything typed in this tab has not been saved. */
export function anythingUnsaved(): boolean {
  return [...sessions.values()].some((session) => session.documents.dirty().length > 0 || session.yaml.dirty);
}
