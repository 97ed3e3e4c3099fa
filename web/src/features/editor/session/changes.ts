import { toast, toastError } from "../../../ui/toasts";
import { requests, type BlockChanges, type NewBlock, type PipelineChanges } from "../queries";
import { neighbourOf, placed, sortedBy, stepTarget } from "../status/order";
import type { EditorSession } from "./session";

const ADD_ONS = new Set(["conditional", "callback"]);

/** Selects a block: the page keeps the selection in its address. */
export type Select = (block: string | null) => void;

/** Runs a change and tells when it did not work; answers undefined then. */
export async function attempt<T>(session: EditorSession, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await session.change(work);
  } catch (error) {
    toastError(error);
    return undefined;
  }
}

/** Writes an empty file for a block that has none. */
export async function createMissing(session: EditorSession, block: string): Promise<void> {
  await attempt(session, async () => {
    await requests.saveBlock(session.pipeline, block, "", "");
    await session.fetchDetail();
  });
}

/** Adds a block and goes to it; what is attached to a block is opened under that one. */
export async function addBlock(session: EditorSession, block: NewBlock, select: Select): Promise<string | undefined> {
  const added = await attempt(session, async () => {
    const answer = await requests.addBlock(session.pipeline, block);
    session.setDetail(answer.pipeline);
    return answer;
  });
  if (!added) return undefined;
  const under = ADD_ONS.has(block.type) ? block.upstream?.[0] : undefined;
  session.ui.setState({ focus: { block: added.block, under } });
  select(under ?? added.block);
  return added.block;
}

/** Changes a block. A new name gives it a new uuid: everything that this tab holds under the old one goes with it. */
export async function changeBlock(session: EditorSession, block: string, changes: BlockChanges, select?: Select): Promise<boolean> {
  await session.documents.saveNow(block);
  const changed = await attempt(session, async () => {
    const answer = await requests.changeBlock(session.pipeline, block, changes);
    if (answer.block !== block) renamed(session, block, answer.block);
    session.setDetail(answer.pipeline);
    return answer;
  });
  if (changed && changed.block !== block) select?.(changed.block);
  return changed !== undefined;
}

function renamed(session: EditorSession, from: string, to: string): void {
  session.documents.rename(from, to);
  const editor = session.editors.get(from);
  if (editor) session.editors.set(to, editor);
  session.editors.delete(from);
  session.setStatus((status) => {
    const { [from]: moved, ...blocks } = status.blocks;
    return moved ? { ...status, blocks: { ...blocks, [to]: moved } } : status;
  });
}

/** Sets the upstream of a block; edges are drawn at once. */
export async function wire(session: EditorSession, block: string, upstream: string[]): Promise<void> {
  const before = session.detail;
  session.guess((detail) => ({ ...detail, blocks: detail.blocks.map((one) => (one.uuid === block ? { ...one, upstream } : one)) }));
  if (!(await changeBlock(session, block, { upstream })) && before) session.guess(() => before);
}

export async function moveBlock(session: EditorSession, block: string, after: string | null): Promise<void> {
  const before = session.detail;
  if (!before) return;
  const order = before.blocks.map((one) => one.uuid);
  const next = placed(order, block, after);
  if (next.join("\0") === order.join("\0")) return;
  session.guess((detail) => ({ ...detail, blocks: sortedBy(detail.blocks, next) }));
  const moved = await attempt(session, async () => {
    session.setDetail(await requests.changePipeline(session.pipeline, { order: next }));
    return true;
  });
  if (!moved) session.guess((detail) => ({ ...detail, blocks: sortedBy(detail.blocks, order) }));
}

export async function stepBlock(session: EditorSession, block: string, step: 1 | -1): Promise<void> {
  const order = (session.detail?.blocks ?? []).map((one) => one.uuid);
  const after = stepTarget(order, block, step);
  if (after !== undefined) await moveBlock(session, block, after);
}

/** Takes a block out at once, with a way back for as long as the message stands (and a day, by its token). */
export async function deleteBlock(session: EditorSession, block: string, select: Select): Promise<void> {
  const before = session.detail;
  const name = before?.blocks.find((one) => one.uuid === block)?.name ?? block;
  await session.documents.saveNow(block);
  select(neighbourOf((before?.blocks ?? []).map((one) => one.uuid), block));
  session.guess((detail) => ({ ...detail, blocks: detail.blocks.filter((one) => one.uuid !== block) }));
  const gone = await attempt(session, async () => {
    const answer = await requests.deleteBlock(session.pipeline, block);
    session.setDetail(answer.pipeline);
    return answer;
  });
  if (!gone) {
    if (before) session.guess(() => before);
    return;
  }
  toast(`Deleted ${name}.`, {
    hint: gone.paths.length > 0 ? undefined : "Its file stays: other pipelines use it.",
    action: { label: "Undo", run: () => void undoDelete(session, gone.undo, block, select) },
  });
}

/** Brings back what was deleted, and goes to it when it is a block. */
export async function undoDelete(session: EditorSession, token: string, block = "", select?: Select): Promise<void> {
  const back = await attempt(session, async () => {
    const answer = await requests.undo(token);
    if (answer.pipeline) session.setDetail(answer.pipeline);
    else await session.fetchDetail();
    return true;
  });
  if (back) select?.(block);
}

export async function duplicateBlock(session: EditorSession, block: string, select: Select): Promise<void> {
  await session.documents.saveNow(block);
  const copy = await attempt(session, async () => {
    const answer = await requests.duplicateBlock(session.pipeline, block);
    session.setDetail(answer.pipeline);
    return answer;
  });
  if (!copy) return;
  session.ui.setState({ focus: { block: copy.block, rename: true } });
  select(copy.block);
}

export async function detachBlock(session: EditorSession, block: string): Promise<void> {
  await session.documents.saveNow(block);
  await attempt(session, async () => session.setDetail((await requests.detachBlock(session.pipeline, block)).pipeline));
}

export async function changePipeline(session: EditorSession, changes: PipelineChanges): Promise<boolean> {
  const done = await attempt(session, async () => {
    session.setDetail(await requests.changePipeline(session.pipeline, changes));
    return true;
  });
  return done === true;
}
