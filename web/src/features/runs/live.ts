/** A run's snapshot after what has happened since. */
import type { LiveEvent } from "../../api/live";
import type { Waiting } from "../../api/orchestration";
import type { BlockRun, BlockStatus, RunDetail, RunSummary } from "../../api/types";
import { parentOf } from "./gantt";
import { merged } from "./liveRuns";

/** The snapshot after some events: blocks are gone through once, however many there are. */
export function appliedAll(held: RunDetail, events: readonly LiveEvent[]): RunDetail {
  const changed = new Map<string, BlockRun>();
  let byName: Map<string, BlockRun> | null = null;
  let whole: Partial<RunDetail> = {};
  for (const event of events) {
    if (event.type === "run_ended" || event.type === "run_started" || event.type === "run_created") whole = { ...whole, ...summaryOf(event) };
    else if (event.type === "run_waiting") whole = { ...whole, waiting: (event.waiting ?? null) as Waiting | null };
    else if (CHANGES.has(event.type) && typeof event.block === "string") {
      byName ??= new Map(held.blocks.map((block) => [block.block, block]));
      const before = changed.get(event.block) ?? byName.get(event.block) ?? childOf(event.block, byName);
      if (before) changed.set(event.block, after(before, event));
    }
  }
  if (changed.size === 0) return Object.keys(whole).length > 0 ? merged(held, whole) : held;
  const known = new Set(held.blocks.map((block) => block.block));
  const blocks = held.blocks.map((block) => changed.get(block.block) ?? block);
  for (const [name, block] of changed) if (!known.has(name)) blocks.push(block);
  return { ...merged(held, whole), blocks, blocks_done: doneOf(blocks) };
}

export function applied(held: RunDetail, event: LiveEvent): RunDetail {
  return appliedAll(held, [event]);
}

const CHANGES = new Set(["block_queued", "block_started", "block_retrying", "block_ended", "callback_failed"]);
const ENDED = new Set(["completed", "skipped", "failed", "cancelled", "upstream_failed", "condition_failed", "interrupted"]);

function summaryOf(event: LiveEvent): Partial<RunSummary> {
  const run = event.run;
  return typeof run === "object" && run !== null ? { ...(run as RunSummary), waiting: (run as RunSummary).waiting ?? null } : {};
}

/** Children stand for their block; they are not counted beside it. */
function doneOf(blocks: readonly BlockRun[]): number {
  const names = new Set(blocks.map((block) => block.block));
  return blocks.reduce((sum, block) => sum + (ENDED.has(block.state) && parentOf(block.block, names) === null ? 1 : 0), 0);
}

function after(block: BlockRun, event: LiveEvent): BlockRun {
  if (event.type === "block_queued") return { ...block, state: "queued", waits: (event.waits ?? null) as BlockRun["waits"] };
  if (event.type === "block_retrying") {
    const since = Number(event.at);
    return { ...block, state: "queued", attempts: Number(event.attempt), failure: event.failure as BlockRun["failure"], waits: { since, due: since + Number(event.wait) } };
  }
  if (event.type === "block_started") return { ...block, state: "running", started: block.started ?? Number(event.at), ended: null, attempts: Number(event.attempt ?? 1), failure: null, waits: null };
  if (event.type === "callback_failed") return { ...block, callback_failures: event.callback_failures as BlockRun["callback_failures"] };
  const status = event.status as BlockStatus;
  return {
    ...block,
    state: status.state,
    ended: Number(event.at),
    seconds: status.seconds,
    attempts: status.attempts,
    ref: status.version ? { version: status.version } : block.ref,
    outputs: status.outputs,
    tests: status.tests,
    failure: status.failure,
    callback_failures: status.callback_failures,
    waits: null,
  };
}

/** A child that came into being while the run went on. */
function childOf(name: string, there: ReadonlyMap<string, BlockRun>): BlockRun | null {
  const parent = there.get(parentOf(name, there) ?? "");
  if (!parent) return null;
  return { ...parent, block: name, state: "queued", attempts: 0, queued: null, started: null, ended: null, seconds: null, ref: null, outputs: [], tests: [], failure: null, callback_failures: [], peak_memory: null, cpu_seconds: null, waits: null };
}
