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
  variables: Record<string, unknown>;
  parallelism: number | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  error: string;
  /** Runs by their state. */
  counts: Record<string, number>;
  total: number;
}

export interface BackfillRun {
  execution_date: number | null;
  partition: string;
  variables: Record<string, unknown>;
}

export interface BackfillPreview {
  runs: BackfillRun[];
  total: number;
  truncated: boolean;
  problem: string;
}

export interface MonitorDetail {
  days: { day: string; states: Record<string, number> }[];
  durations: { pipeline: string; day: string; runs: number; p50: number; p95: number }[];
  lateness: { day: string; runs: number; p50: number; p95: number; late: number }[];
  failures: { pipeline: string; block: string | null; error: string; count: number; run: string; at: number }[];
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

export interface AlertSummary {
  id: number;
  kind: string;
  pipeline: string;
  run: string | null;
  title: string;
  channels: string[];
  state: string;
  created_at: number;
  sent_at: number | null;
  attempts: number;
  error: string;
}

export interface AlertField {
  key: string;
  title: string;
  kind: string;
  value: unknown;
  set: boolean;
  hint: string;
}

export interface AlertSettings {
  alert_on: string[];
  occasions: { value: string; label: string }[];
  channels: { kind: string; title: string; set: boolean; fields: AlertField[] }[];
  problems: string[];
  file: string;
  revision: string;
}
