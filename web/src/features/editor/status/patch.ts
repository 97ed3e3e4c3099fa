import type { BlockStatus, PipelineEvent, PipelineStatus, RunSummary } from "../../../api/types";

/** A block that was never run. */
export const NEVER: BlockStatus = {
  state: "never",
  run: null,
  started: null,
  seconds: null,
  attempts: 0,
  version: null,
  outputs: [],
  stale: "",
  failure: null,
  tests: [],
  changed: [],
  interrupting: false,
  callback_failures: [],
};

/** The run that a press stands for until the server has named one. */
export const PRESSED = "pressed";

export function isBusy(status: BlockStatus | undefined): boolean {
  return status?.state === "running" || status?.state === "queued";
}

/**
 * The state of a pipeline's blocks after an event. What does not change keeps its identity, so that only the cards of
 * blocks that changed are drawn again.
 */
export function patched(status: PipelineStatus, event: PipelineEvent): PipelineStatus {
  switch (event.type) {
    case "run_started":
      return { ...status, runs: [...status.runs.filter((run) => run.run !== event.run.run), event.run] };
    case "run_ended":
      return ended(status, event.run);
    case "block_queued":
      return withBlock(status, event.block, (now) => ({ ...now, state: "queued", run: event.run }));
    case "block_started":
      return withBlock(status, event.block, (now) => ({
        ...now,
        state: "running",
        run: event.run,
        started: event.at,
        seconds: null,
        attempts: event.attempt,
        failure: null,
        tests: [],
        interrupting: false,
        callback_failures: [],
      }));
    case "block_retrying":
      return withBlock(status, event.block, (now) => ({ ...now, state: "queued", failure: event.failure }));
    case "block_interrupting":
      return withBlock(status, event.block, (now) => ({ ...now, interrupting: true }));
    case "block_ended":
      return counted(withBlock(status, event.block, () => event.status), event.run);
    case "callback_failed":
      return withBlock(status, event.block, (now) => ({ ...now, callback_failures: event.callback_failures }));
    case "stale_changed":
      return withStale(status, event.blocks);
    default:
      return status;
  }
}

/** Shows blocks as queued from the moment of the press. Those that are busy already stay as they are. */
export function pressed(status: PipelineStatus, blocks: Iterable<string>): PipelineStatus {
  let next = status;
  for (const block of blocks) {
    next = withBlock(next, block, (now) =>
      isBusy(now) ? now : { ...now, state: "queued", run: PRESSED, started: Date.now() / 1000, seconds: null },
    );
  }
  return next;
}

/** Shows that blocks were asked to stop, until they have. */
export function stopping(status: PipelineStatus, block?: string): PipelineStatus {
  let next = status;
  for (const [uuid, now] of Object.entries(status.blocks)) {
    if (isBusy(now) && (block === undefined || uuid === block)) next = withBlock(next, uuid, (busy) => ({ ...busy, interrupting: true }));
  }
  return next;
}

/** Takes a press back that the server refused: blocks that still only stand pressed are what they were before. */
export function released(status: PipelineStatus, before: PipelineStatus): PipelineStatus {
  let next = status;
  for (const [block, now] of Object.entries(status.blocks)) {
    if (now.run === PRESSED) next = withBlock(next, block, () => before.blocks[block] ?? NEVER);
  }
  return next;
}

/** Blocks that an ended run still holds: the server knows more about them than events have told. */
export function leftBusy(status: PipelineStatus, run: string): boolean {
  return Object.values(status.blocks).some((block) => isBusy(block) && (block.run === run || block.run === PRESSED));
}

function ended(status: PipelineStatus, run: RunSummary): PipelineStatus {
  return { ...status, runs: status.runs.filter((other) => other.run !== run.run) };
}

/** One new object however many blocks are told of: an edit at the top makes everything below stale at once. */
function withStale(status: PipelineStatus, reasons: Readonly<Record<string, string>>): PipelineStatus {
  const moved = Object.entries(reasons).filter(([block, stale]) => (status.blocks[block] ?? NEVER).stale !== stale);
  if (moved.length === 0) return status;
  const blocks = { ...status.blocks };
  for (const [block, stale] of moved) blocks[block] = { ...(blocks[block] ?? NEVER), stale };
  return { ...status, blocks };
}

function counted(status: PipelineStatus, run: string): PipelineStatus {
  const count = (one: RunSummary) => (one.run === run ? { ...one, blocks_done: one.blocks_done + 1 } : one);
  return status.runs.some((one) => one.run === run) ? { ...status, runs: status.runs.map(count) } : status;
}

function withBlock(status: PipelineStatus, block: string, change: (now: BlockStatus) => BlockStatus): PipelineStatus {
  const now = status.blocks[block] ?? NEVER;
  const next = change(now);
  return next === now ? status : { ...status, blocks: { ...status.blocks, [block]: next } };
}
