/** The JSON of the server, as the browser uses it. Kept beside the generated schema, with names and unions of our own. */

import type { Waiting } from "./orchestration";

export interface Diagnostic {
  code: string;
  severity: "error" | "warning" | "info";
  message: string;
  hint: string;
  file: string;
  line: number;
  column: number;
  pipeline?: string | null;
  block?: string | null;
}

export interface ProjectInfo {
  name: string;
  root: string;
  version: string;
  python: string;
  platform: string;
  project_uuid: string;
  features: { terminal: boolean; language_server: boolean; formatter: boolean; git: boolean };
  /** Stamp of the picture at /api/project/logo; empty when there is none. */
  logo: string;
  timezone: "local" | "utc";
  permissions: string[];
}

export interface PipelineSummary {
  uuid: string;
  name: string;
  type: string;
  description: string;
  tags: string[];
  blocks: number;
  created_at: string | null;
  updated_at: string;
  error: string | null;
  runs: { run: string; state: RunState; started: number; seconds: number | null }[];
  running: number;
}

export interface FunctionDetail {
  name: string;
  line: number;
  parameters: string[];
  varargs: boolean;
}

export interface BlockDetail {
  uuid: string;
  name: string;
  type: string;
  declared_type: string;
  language: string;
  upstream: string[];
  downstream: string[];
  configuration: Record<string, unknown>;
  color: string | null;
  file: string | null;
  content: string | null;
  content_revision: string;
  content_error: string | null;
  shared_with: string[];
  runnable: boolean;
  accepts_upstream: boolean;
  timeout: number | null;
  retry_config: Record<string, unknown>;
  function: FunctionDetail | null;
  tests: string[];
  executor_type: string | null;
  replicated_block: string | null;
}

export interface ChartDetail {
  uuid: string;
  name: string;
  type: string;
  language: string;
  upstream: string[];
  configuration: Record<string, unknown>;
  content: string | null;
  content_revision: string;
  file: string | null;
  content_error?: string | null;
}

export interface VariableDetail {
  name: string;
  value: unknown;
  type: string;
}

export interface PipelineDetail {
  uuid: string;
  name: string;
  type: string;
  declared_type: string;
  description: string;
  tags: string[];
  revision: string;
  file: string;
  blocks: BlockDetail[];
  callbacks: BlockDetail[];
  conditionals: BlockDetail[];
  charts: ChartDetail[];
  variables: VariableDetail[];
  settings: Record<string, unknown>;
  diagnostics: Diagnostic[];
  created_at: string | null;
  updated_at: string;
  runnable: boolean;
  git: { branch: string; changed: string[] } | null;
  notes: string[];
}

export interface BlockChanged {
  block: string;
  pipeline: PipelineDetail;
}

export interface ContentSaved {
  content_revision: string;
  block: BlockDetail;
  pipeline: PipelineDetail | null;
  notes: string[];
}

export interface BlockDeleted {
  undo: string;
  paths: string[];
  pipeline: PipelineDetail;
}

export interface LibraryBlock {
  file: string;
  name: string;
  type: string;
  language: string;
  pipelines: string[];
}

export interface Template {
  id: string;
  name: string;
  description: string;
  block_type: string;
  language: string;
  group: string;
  /** How many upstream blocks its code takes; -1 for any number. */
  inputs: number;
  /** False where something has to be installed first, which `needs` names. */
  ready: boolean;
  needs: string | null;
  source: "built-in" | "project";
}

export interface TemplateDetail extends Template {
  content: string;
  parameters: { name: string; value: unknown }[];
  file: string | null;
}

export type RunState = "initial" | "running" | "completed" | "failed" | "cancelled" | "interrupted";
export type BlockState =
  | "never"
  | "queued"
  | "running"
  | "completed"
  | "failed"
  | "cancelled"
  | "upstream_failed"
  | "interrupted"
  | "condition_failed"
  | "initial"
  | "skipped";

export interface Frame {
  file: string;
  line: number;
  function: string;
  text: string;
  own: boolean;
}

export interface Failure {
  kind: string;
  message: string;
  hint: string;
  code: string;
  frames: Frame[];
  traceback: string;
}

export interface ColumnSummary {
  name: string;
  type: string;
  nulls: number | null;
  minimum: unknown;
  maximum: unknown;
  distinct: number | null;
  exact: boolean;
}

export interface OutputSummary {
  name: string;
  kind: string;
  codec: string;
  rows: number | null;
  bytes: number | null;
  /** With the state of a block, the first of a wide table; `columns_total` is how many there are. */
  columns: ColumnSummary[];
  columns_total?: number;
  preview: unknown;
}

export interface TestResult {
  name: string;
  passed: boolean;
  error: string;
}

/** A callback of a block that raised; how the block has ended stands. `after` is the ending that it was called for. */
export interface CallbackFailure {
  /** Empty when the process of all callbacks was lost. */
  callback: string;
  after: string;
  failure: Failure;
}

export interface BlockStatus {
  state: BlockState;
  run: string | null;
  started: number | null;
  seconds: number | null;
  attempts: number;
  version: string | null;
  outputs: OutputSummary[];
  stale: string;
  failure: Failure | null;
  tests: TestResult[];
  changed: string[];
  /** It was asked to stop and has not yet. */
  interrupting: boolean;
  callback_failures: CallbackFailure[];
}

export interface RunSummary {
  run: string;
  pipeline: string;
  state: RunState;
  started: number;
  ended: number | null;
  seconds: number | null;
  blocks_total: number;
  blocks_done: number;
  failed_block: string | null;
  error: string | null;
  origin: string;
  what: string;
  trigger: { id: number; name: string; removed: boolean } | null;
  backfill: number | null;
  execution_date: number | null;
  priority: number;
  waiting: Waiting | null;
  retry_of: string | null;
  parent_run: string | null;
  sla_missed: boolean;
  lateness: number | null;
}

export interface BlockRun {
  block: string;
  state: BlockState;
  attempts: number;
  queued: number | null;
  started: number | null;
  ended: number | null;
  seconds: number | null;
  ref: { version: string } | null;
  outputs: OutputSummary[];
  tests: TestResult[];
  failure: Failure | null;
  peak_memory: number | null;
  cpu_seconds: number | null;
  upstream: string[];
  callback_failures: CallbackFailure[];
  /** Between two attempts: when the last one ended and the next begins. */
  waits: { since: number; due: number } | null;
}

/** A run that a block has asked for, or whose block has. */
export interface RunRelative {
  run: string;
  pipeline: string;
  state: RunState;
  block: string;
  started: number;
  seconds: number | null;
}

export interface RunDetail extends RunSummary {
  partition: string;
  variables: Record<string, unknown>;
  seq: number;
  blocks: BlockRun[];
  parent: RunRelative | null;
  children: RunRelative[];
}

export interface PipelineStatus {
  blocks: Record<string, BlockStatus>;
  runs: RunSummary[];
  seq: number;
}

export interface OutputItem {
  stream: "stdout" | "stderr" | "log";
  level?: string;
  text: string;
  at: number;
}

/** What a topic "pipeline:<uuid>" tells. */
export type PipelineEvent =
  | { type: "pipeline_changed"; revision: string }
  | { type: "content_changed"; block: string; content_revision: string; content?: string | null }
  | { type: "run_started"; run: RunSummary }
  | { type: "run_ended"; run: RunSummary }
  | { type: "block_queued"; run: string; block: string; waits?: { since: number; due: number } }
  | { type: "block_started"; run: string; block: string; attempt: number; at: number }
  | { type: "block_output"; run: string | null; block: string; execution?: string | null; items: OutputItem[]; dropped?: number }
  | { type: "block_progress"; run: string; block: string }
  | { type: "block_retrying"; run: string; block: string; attempt: number; wait: number; failure: Failure; at: number }
  | { type: "block_interrupting"; run: string; block: string; at: number }
  | { type: "block_ended"; run: string; block: string; at: number; status: BlockStatus }
  | { type: "callback_failed"; run: string; block: string; at: number; callback_failures: CallbackFailure[] }
  | { type: "stale_changed"; blocks: Record<string, string> }
  | { type: "display"; block: string; execution: string; mime: Record<string, unknown> }
  | { type: "scratch_started"; block: string; execution: string; cell?: string; at?: number }
  | { type: "scratch_interrupting"; block: string; execution: string }
  | { type: "scratch_ended"; block: string; execution: string; seconds?: number | null; failure?: Failure | null; at?: number }
  | { type: "scratch_session"; block: string; state: string; reason?: string };
