import type { BlockDetail, PipelineDetail } from "../../../api/types";
import { toast } from "../../../ui/toasts";
import { attempt, changeBlock, undoDelete } from "./changes";
import { requests } from "../queries";
import type { EditorSession } from "./session";

/** What is attached to blocks: conditions are asked before a block runs, callbacks run after it. */
export type AddOnType = "conditional" | "callback";

type Sections = Pick<PipelineDetail, "conditionals" | "callbacks">;

/** Conditions first, as they run. */
export function everyAddOn(detail: Sections): BlockDetail[] {
  return [...detail.conditionals, ...detail.callbacks];
}

export function addOnsOf(detail: Sections, block: string): BlockDetail[] {
  return everyAddOn(detail).filter((one) => one.upstream.includes(block));
}

/** The block at which one that several have is edited: the first of them that there is. */
export function homeOf(addOn: BlockDetail, blocks: readonly BlockDetail[]): string | undefined {
  return addOn.upstream.find((uuid) => blocks.some((block) => block.uuid === uuid));
}

/** Those that stand in the pipeline's file and belong to no block of it. */
export function looseAddOns(detail: PipelineDetail): BlockDetail[] {
  return everyAddOn(detail).filter((one) => homeOf(one, detail.blocks) === undefined);
}

/** Everything of a pipeline that has a text: blocks and what is attached to them. */
export function everyText(detail: Sections & Pick<PipelineDetail, "blocks">): BlockDetail[] {
  return [...detail.blocks, ...everyAddOn(detail)];
}

/** Puts a changed one into its place, whichever section that is in. */
export function withBlockDetail(detail: PipelineDetail, block: BlockDetail): PipelineDetail {
  const put = (list: BlockDetail[]) => (list.some((one) => one.uuid === block.uuid) ? list.map((one) => (one.uuid === block.uuid ? block : one)) : list);
  return { ...detail, blocks: put(detail.blocks), callbacks: put(detail.callbacks), conditionals: put(detail.conditionals) };
}

export async function attach(session: EditorSession, addOn: BlockDetail, block: string): Promise<void> {
  await changeBlock(session, addOn.uuid, { upstream: [...addOn.upstream, block] });
}

/** Takes it off one block; it stays with the others that it is attached to, or in the pipeline alone. */
export async function detachAddOn(session: EditorSession, addOn: BlockDetail, block: string): Promise<void> {
  const before = addOn.upstream;
  if (!(await changeBlock(session, addOn.uuid, { upstream: before.filter((one) => one !== block) }))) return;
  toast(`${addOn.name} is no longer attached to ${block}.`, {
    action: { label: "Undo", run: () => void changeBlock(session, addOn.uuid, { upstream: before }) },
  });
}

/** Deletes it at once, with a way back. */
export async function deleteAddOn(session: EditorSession, addOn: BlockDetail): Promise<void> {
  await session.documents.saveNow(addOn.uuid);
  const gone = await attempt(session, async () => {
    const answer = await requests.deleteBlock(session.pipeline, addOn.uuid);
    session.setDetail(answer.pipeline);
    return answer;
  });
  if (!gone) return;
  toast(`Deleted ${addOn.name}.`, {
    hint: gone.paths.length > 0 ? undefined : "Its file stays: other pipelines use it.",
    action: { label: "Undo", run: () => void undoDelete(session, gone.undo) },
  });
}
