import { ApiError } from "../../../api/client";
import type { PipelineDetail } from "../../../api/types";
import { toast, toastError } from "../../../ui/toasts";
import { requests, type RunRequest } from "../queries";
import { reach } from "../status/order";
import { isBusy, patched, pressed, released, stopping } from "../status/patch";
import { cellAt, cellsOf } from "../status/scratchpads";
import { everyText } from "./addOns";
import { conflictOf, isGone, type EditorSession } from "./session";

export type Reach = "alone" | "upstream" | "incomplete" | "downstream";

const SCOPES: Record<Reach, RunRequest> = {
  alone: {},
  upstream: { with_upstream: true },
  incomplete: { incomplete_upstream: true },
  downstream: { with_downstream: true },
};

/** Runs a block, with what is asked for around it. What is unsaved is saved by the same request. */
export async function runBlock(session: EditorSession, block: string, scope: Reach = "alone"): Promise<void> {
  const detail = session.detail;
  const one = detail?.blocks.find((other) => other.uuid === block);
  if (!detail || !one) return;
  if (one.type === "scratchpad") return runScratch(session, block);
  if (one.type === "markdown") return;
  if (!one.runnable) {
    toast(`${one.name} cannot be run: Penstock does not run blocks of type ${one.type} in ${one.language} yet.`);
    return;
  }
  const now = session.status?.blocks[block];
  if (isBusy(now)) {
    toast(`${one.name} is ${now?.state === "queued" ? "waiting for its turn" : "running"} already.`, {
      action: { label: "Interrupt", run: () => void interrupt(session, block) },
    });
    return;
  }
  const { given } = session.ui.getState();
  const inputs = given?.block === block && scope !== "upstream" ? given.inputs : undefined;
  if (inputs === null) {
    toast(`${one.name} is to run on what it was given in run ${given?.run ?? ""}, and that is not known.`, { hint: given?.problem ?? "It is being looked up: press again in a moment." });
    return;
  }
  await begin(session, { blocks: [block], ...SCOPES[scope], ...(inputs ? { inputs, variables: given?.variables ?? {} } : {}) }, [block, ...around(detail, block, scope, session)]);
}

/** Runs every block, or only those whose output is not what their code and inputs would give now; `variables` count for this run. */
export async function runPipeline(session: EditorSession, which: "all" | "stale", variables: Record<string, unknown> = {}): Promise<void> {
  const detail = session.detail;
  const runnable = (detail?.blocks ?? []).filter((block) => block.runnable).map((block) => block.uuid);
  if (runnable.length === 0) {
    toast("There is no block to run yet.");
    return;
  }
  const wanted = which === "all" ? runnable : runnable.filter((block) => needsRun(session, block));
  await begin(session, which === "all" ? { variables } : { stale_only: true }, wanted);
}

export function needsRun(session: EditorSession, block: string): boolean {
  const status = session.status?.blocks[block];
  return !status || status.version === null || status.stale !== "";
}

async function begin(session: EditorSession, request: RunRequest, marked: readonly string[]): Promise<void> {
  const before = session.status;
  session.setStatus((status) => pressed(status, marked));
  const flight = session.documents.settled();
  if (flight) await flight;
  const edits = session.documents.beginEdits();
  try {
    const begun = await requests.run(session.pipeline, { ...request, edits });
    session.documents.editsDone(edits, begun.saved);
    if (begun.run.state === "running" && !session.ended.has(begun.run.run)) session.setStatus((status) => patched(status, { type: "run_started", run: begun.run }));
    // What turned out to need no run is not queued: it stays as it was.
    if (before) setTimeout(() => session.setStatus((status) => released(status, before)), 400);
  } catch (error) {
    if (before) session.setStatus((status) => released(status, before));
    const theirs = conflictOf(error);
    const gone = isGone(error);
    const place = error instanceof ApiError ? error.location?.file : undefined;
    const file = (uuid: string) => session.detail && everyText(session.detail).find((one) => one.uuid === uuid)?.file;
    const hit = edits.find((edit) => place !== undefined && file(edit.block) === place) ?? (edits.length === 1 ? edits[0] : undefined);
    session.documents.editsFailed(edits, (theirs || gone) && hit ? { block: hit.block, theirs } : null);
    if (theirs && hit) toast(`Nothing ran: the file of ${hit.block} has changed since you began to edit it.`, { hint: "Merge your text with it first." });
    else toastError(error);
  }
}

function around(detail: PipelineDetail, block: string, scope: Reach, session: EditorSession): string[] {
  const runnable = new Set(detail.blocks.filter((one) => one.runnable).map((one) => one.uuid));
  if (scope === "alone") return [];
  const found = [...reach(detail.blocks, block, scope === "downstream" ? "down" : "up")].filter((one) => runnable.has(one));
  return scope === "incomplete" ? found.filter((one) => session.status?.blocks[one]?.version == null) : found;
}

/** Interrupts a block, or everything of the pipeline that runs. */
export async function interrupt(session: EditorSession, block?: string): Promise<void> {
  const kind = session.detail?.blocks.find((one) => one.uuid === block)?.type;
  const run = block ? session.status?.blocks[block]?.run : undefined;
  try {
    if (block && kind === "scratchpad") await requests.scratch(session.pipeline, block, "interrupt");
    else if (block && run) {
      session.setStatus((status) => stopping(status, block));
      await requests.interrupt(run, block);
    } else {
      session.setStatus((status) => stopping(status));
      await requests.interruptAll(session.pipeline);
    }
  } catch (error) {
    toastError(error);
  }
}

/** Runs the cell of a scratchpad that `line` is in; without a line, all of its cells. */
export async function runScratch(session: EditorSession, block: string, line?: number): Promise<void> {
  const text = session.documents.get(block)?.mine;
  if (text === undefined) return;
  void session.documents.saveNow(block);
  const cells = line === undefined ? cellsOf(text) : [cellAt(text, line)];
  try {
    for (const cell of cells) {
      await requests.scratch(session.pipeline, block, "run", { code: cell.code, cell: cell.name });
    }
  } catch (error) {
    toastError(error);
  }
}

export async function restartScratch(session: EditorSession, block: string): Promise<void> {
  try {
    await requests.scratch(session.pipeline, block, "restart");
    session.scratchpads.clear(block);
    toast("The scratchpad starts anew: what it held is gone.", { seconds: 3 });
  } catch (error) {
    toastError(error);
  }
}
