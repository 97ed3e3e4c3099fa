/** A run's snapshot after one more event. */
import type { LiveEvent } from "../../api/live";
import type { BlockRun, BlockStatus, RunDetail, RunSummary } from "../../api/types";

export function applied(held: RunDetail, event: LiveEvent): RunDetail {
  switch (event.type) {
    case "run_ended":
      return { ...held, ...(event.run as RunSummary) };
    case "block_queued":
      return change(held, event, (block) => ({ ...block, state: "queued" }));
    case "block_started":
      return change(held, event, (block) => ({ ...block, state: "running", started: block.started ?? Number(event.at), attempts: Number(event.attempt ?? 1) }));
    case "block_ended": {
      const status = event.status as BlockStatus;
      const next = change(held, event, (block) => ({
        ...block,
        state: status.state,
        ended: Number(event.at),
        seconds: status.seconds,
        attempts: status.attempts,
        ref: status.version ? { version: status.version } : block.ref,
        outputs: status.outputs,
        tests: status.tests,
        failure: status.failure,
      }));
      return { ...next, blocks_done: next.blocks.filter((block) => ENDED.has(block.state)).length };
    }
    default:
      return held;
  }
}

const ENDED = new Set(["completed", "skipped", "failed", "cancelled", "upstream_failed", "interrupted"]);

function change(held: RunDetail, event: LiveEvent, how: (block: BlockRun) => BlockRun): RunDetail {
  return { ...held, blocks: held.blocks.map((block) => (block.block === event.block ? how(block) : block)) };
}
