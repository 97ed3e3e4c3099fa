/** The JSON of triggers, backfills, alerts and what is watched, as the browser uses it. */
import type { RunSummary } from "./types";

export type TriggerKind = "time" | "api" | "event" | "dependency";

export interface TriggerRun {
  run: string;
  state: string;
  started: number;
  seconds: number | null;
}

export interface TriggerSummary {
  id: number;
  pipeline: string;
  name: string;
  kind: string;
  /** A preset as `@daily`, or a cron expression; empty for kinds that no clock starts. */
  schedule: string;
  words: string;
  active: boolean;
  time_zone: string;
  next: number | null;
  last_run: RunSummary | null;
  problem: string;
  tags: string[];
  description: string;
  runs: TriggerRun[];
}

export interface TriggerDetail extends TriggerSummary {
  settings: Record<string, unknown>;
  variables: Record<string, unknown>;
  /** Seconds. */
  sla: number | null;
  start_time: string | null;
  event_matchers: Record<string, unknown>[];
  envs: string[];
  revision: string;
  url: string | null;
  curl: string | null;
  token_set: boolean;
  upcoming: number[];
}

export interface TriggerCreated extends TriggerDetail {
  /** Told once: only its hash is kept. */
  token: string | null;
}

export interface TriggerPreview {
  words: string;
  upcoming: number[];
  problem: string;
}

export interface CalendarSlot {
  trigger: number;
  pipeline: string;
  at: number;
}

export interface Waiting {
  kind: string;
  text: string;
  since: number | null;
}

export interface Explanation {
  text: string;
  details: { text: string; since: number | null; change: string | null }[];
}

export interface BackfillSummary {
  id: number;
  name: string;
  pipeline: string;
  state: string;
  block: string | null;
  start: number | null;
  end: number | null;
  interval_type: string;
  interval_units: number;
  time_zone: string;
  inclusive: boolean;
  variables: Record<string, unknown>;
  /** 0 for no limit of its own. */
  parallelism: number;
  retries: number;
  priority: number;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  error: string;
  /** Its windows by the state of their newest run. */
  counts: Record<string, number>;
  total: number;
}

export interface BackfillRun {
  execution_date: number;
  partition: string;
  variables: Record<string, unknown>;
  interval_start: number | null;
  interval_end: number | null;
}

export interface BackfillPreview {
  runs: BackfillRun[];
  total: number;
  truncated: boolean;
  problem: string;
  /** Those at the end, where not all of them are among the first. */
  last: BackfillRun[];
}

/** Runs by the hour in which they were made; hours without any are left out. */
export interface HoursDetail {
  since: number;
  until: number;
  hours: { at: number; runs: Record<string, number> }[];
}

/** What is told to nobody until a time: failures at a block, or, without one, anything of the pipeline. */
export interface MuteDetail {
  pipeline: string;
  block: string;
  until: number;
}

/** How it has gone lately, by days in UTC. */
export interface MonitorDetail {
  since: number;
  until: number;
  days: MonitorDay[];
  pipelines: MonitorPipeline[];
  failures: { pipeline: string; block: string | null; count: number; run: string; at: number | null; error: string }[];
  waiting: number;
  running: number;
  incidents: number;
}

export interface MonitorDay {
  day: string;
  at: number;
  runs: Record<string, number>;
  /** Seconds; of the runs that completed. */
  p50: number | null;
  p95: number | null;
  /** Runs of triggers, and the seconds by which they began later than due. */
  begun: number;
  wait_mean: number | null;
  wait_most: number | null;
  sla_missed: number;
}

export interface MonitorPipeline {
  pipeline: string;
  runs: Record<string, number>;
  p50: number | null;
  p95: number | null;
  begun: number;
  /** Seconds by which runs of triggers began later than due. */
  wait_mean: number | null;
  wait_most: number | null;
  sla_missed: number;
}

export interface FoundLine {
  at: number;
  level: string;
  pipeline: string;
  run: string;
  block: string;
  stream: string;
  text: string;
}

/** `next` is empty when that was all; a page may be short, or empty, and go on. */
export interface FoundLines {
  lines: FoundLine[];
  next: string;
  looked: number;
}

export interface Delivery {
  channel: string;
  state: string;
  sent: number | null;
  attempts: number;
  error: string;
}

export interface AlertDetail {
  id: number;
  kind: string;
  incident: string;
  pipeline: string;
  state: string;
  at: number;
  closed: number | null;
  run: string | null;
  first_run: string | null;
  trigger: string;
  block: string;
  text: string;
  place: string;
  hint: string;
  repeats: number;
  last: number;
  attempts: number;
  due: number | null;
  error: string;
  muted_until: number | null;
  deliveries: Delivery[];
}

export interface ChannelField {
  key: string;
  kind: string;
  description: string;
  set: boolean;
  value: unknown;
}

export interface AlertChannel {
  kind: string;
  set: boolean;
  keys: string[];
  hosts: string[];
  fields: ChannelField[];
}

export interface AlertSettings {
  alert_on: string[];
  occasions: string[];
  channels: AlertChannel[];
  templates: unknown;
  variables: string[];
  repeat_after: number;
  address: string;
  problems: string[];
  file: string;
  revision: string;
}
