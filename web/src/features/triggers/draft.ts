/** A trigger while it is being filled in: everything as the fields hold it, and as the server wants it. */
import type { TriggerDetail } from "../../api/orchestration";
import { canLand, spoken, written, type Spoken } from "./schedule";

export interface Upstream {
  pipeline: string;
  trigger: string;
  product: string;
}

export interface VariableLine {
  key: number;
  name: string;
  /** JSON where it is JSON, otherwise the text itself. */
  text: string;
  /** The text as the file has it, where its figures are more than can be read here; gone once another name is typed. */
  exact?: string;
}

export interface Draft {
  pipeline: string;
  name: string;
  description: string;
  tags: string;
  kind: string;
  said: Spoken;
  /** Local to the time zone of the trigger: 2026-01-31T08:00; empty for none. */
  start: string;
  active: boolean;
  zone: string;
  missed: string;
  missedLimit: string;
  after: Upstream[];
  matchers: string;
  secret: string;
  tolerance: string;
  variables: VariableLine[];
  skipIfRunning: boolean;
  allowToFail: boolean;
  initialRun: boolean;
  landing: boolean;
  runLimit: string;
  onLimit: string;
  priority: string;
  timeout: Span;
  timeoutStatus: string;
  sla: Span;
  envs: string;
}

export interface Span {
  text: string;
  unit: Unit;
}

export const UNITS = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const;
export type Unit = keyof typeof UNITS;

/** What the server is told. */
export interface Body {
  pipeline: string;
  name: string;
  kind: string;
  active: boolean;
  schedule: string | null;
  start_time: string | null;
  variables: Record<string, unknown>;
  sla: number | null;
  description: string;
  tags: string[];
  envs: string[];
  event_matchers: Record<string, unknown>[];
  settings: Record<string, unknown>;
}

let next = 1;

export function variableLine(name = "", value: unknown = "", exact?: string): VariableLine {
  if (exact !== undefined) return { key: next++, name, text: exact, exact };
  return { key: next++, name, text: typeof value === "string" && !looksOtherwise(value) ? value : JSON.stringify(value) };
}

/** A text that would be read back as something else has to be quoted. */
function looksOtherwise(text: string): boolean {
  return typeof valueOf(text) !== "string";
}

/** What is typed for a variable: JSON if it is JSON, and the text itself if it is not, or is a number that would come out as another. */
export function valueOf(text: string): unknown {
  const plain = text.trim();
  if (plain === "") return "";
  try {
    const value = JSON.parse(plain) as unknown;
    const other = typeof value === "number" && (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)));
    return other ? plain : value;
  } catch {
    return text;
  }
}

/** Whether a list or a map has figures that would come out as others. */
function rounds(text: string): boolean {
  const within = (value: unknown): boolean => {
    if (typeof value === "number") return !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
    return typeof value === "object" && value !== null && Object.values(value).some(within);
  };
  const value = valueOf(text);
  return typeof value === "object" && within(value);
}

export function span(seconds: number | null): Span {
  if (seconds === null) return { text: "", unit: "minutes" };
  const unit = (Object.keys(UNITS) as Unit[]).reverse().find((one) => seconds % UNITS[one] === 0) ?? "seconds";
  return { text: String(seconds / UNITS[unit]), unit };
}

export function secondsOf(held: Span): number | null {
  const value = figure(held.text);
  return value === null ? null : value * UNITS[held.unit];
}

function figure(text: string): number | null {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? null : value;
}

export function emptyDraft(pipeline: string, zone: string): Draft {
  return {
    pipeline, name: "", description: "", tags: "", kind: "time", said: spoken("@daily"), start: "", active: true, zone,
    missed: "last", missedLimit: "", after: [{ pipeline: "", trigger: "", product: "" }], matchers: "[\n  {\"pattern\": {}}\n]", secret: "", tolerance: "300",
    variables: [], skipIfRunning: false, allowToFail: false, initialRun: false, landing: false, runLimit: "", onLimit: "", priority: "",
    timeout: span(null), timeoutStatus: "failed", sla: span(null), envs: "",
  };
}

export function draftOf(trigger: TriggerDetail): Draft {
  const { settings } = trigger;
  const text = (key: string, other = "") => (settings[key] === undefined || settings[key] === null ? other : String(settings[key]));
  const webhook = (settings.webhook ?? null) as { secret: string; tolerance_seconds?: number } | null;
  const after = ((settings.after ?? []) as Partial<Upstream>[]).map((one) => ({ pipeline: one.pipeline ?? "", trigger: one.trigger ?? "", product: one.product ?? "" }));
  return {
    ...emptyDraft(trigger.pipeline, trigger.time_zone || "UTC"),
    name: trigger.name,
    description: trigger.description,
    tags: trigger.tags.join(", "),
    kind: trigger.kind,
    said: spoken(trigger.schedule || "@daily"),
    start: wallClock(trigger.start_time, trigger.time_zone || "UTC"),
    active: trigger.active,
    missed: text("missed_runs", "last"),
    missedLimit: text("missed_runs_limit"),
    ...(after.length > 0 ? { after } : {}),
    ...(trigger.event_matchers.length > 0 ? { matchers: JSON.stringify(trigger.event_matchers, null, 2) } : {}),
    secret: webhook?.secret ?? "",
    tolerance: String(webhook?.tolerance_seconds ?? 300),
    variables: Object.entries(trigger.variables).map(([name, value]) => variableLine(name, value, Object.hasOwn(trigger.exact, name) ? trigger.exact[name] : undefined)),
    skipIfRunning: settings.skip_if_previous_running === true,
    allowToFail: settings.allow_blocks_to_fail === true,
    initialRun: settings.create_initial_pipeline_run === true,
    landing: settings.landing_time_enabled === true,
    runLimit: text("pipeline_run_limit"),
    onLimit: text("on_limit"),
    priority: text("priority"),
    timeout: span(typeof settings.timeout === "number" ? settings.timeout : null),
    timeoutStatus: text("timeout_status", "failed"),
    sla: span(trigger.sla),
    envs: trigger.envs.join(", "),
  };
}

/** The wall clock of a zone at a moment, as a field for date and time has it. */
export function wallClock(moment: string | null, zone: string): string {
  if (!moment) return "";
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return "";
  const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: zoneOr(zone), year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).format(at);
  return parts.replace(" ", "T").padStart("2026-01-31T08:00".length, "0");
}

/** The years that a time may be of: four figures, as everything that reads it has them. */
const YEARS = /^[1-9]\d{3}-/;

/** The moment at which a zone's clocks show this, as ISO text in UTC; null for none, and for what is no time of these years. */
export function momentOf(clock: string, zone: string): string | null {
  if (!YEARS.test(clock)) return null;
  const wanted = Date.parse(`${clock}Z`);
  if (Number.isNaN(wanted)) return null;
  let guess = wanted;
  // Twice: the first guess may lie on the other side of a change of clocks.
  for (let round = 0; round < 2; round += 1) {
    guess += wanted - Date.parse(`${wallClock(new Date(guess).toISOString(), zone)}Z`);
    if (Number.isNaN(guess)) return null; // the clocks of the zone are beyond these years
  }
  const moment = new Date(guess).toISOString();
  return YEARS.test(moment) ? moment : null;
}

/** What is wrong with a field for a time; empty where it is one, or none. */
export function momentProblem(clock: string, zone: string): string {
  return clock && momentOf(clock, zone) === null ? "Write a date and a time, in the years 1000 to 9999." : "";
}

function zoneOr(zone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

function list(text: string): string[] {
  return [...new Set(text.split(",").map((one) => one.trim()).filter(Boolean))];
}

/** What is wrong with a whole figure; empty where it is one, or none is given. */
export function figureProblem(text: string, least = 1): string {
  const plain = text.trim();
  if (plain === "" || (/^[+-]?\d+$/.test(plain) && Number(plain) >= least && Number.isSafeInteger(Number(plain)))) return "";
  return least < 0 ? "Write a whole figure." : `Write a whole figure, ${least} or more.`;
}

/** What is wrong with a length of time; empty where it is one, or none is given. */
export function spanProblem({ text }: Span): string {
  const plain = text.trim();
  return plain === "" || (/^\+?(\d+\.?\d*|\.\d+)$/.test(plain) && Number(plain) > 0) ? "" : "Write how long, as a figure above 0.";
}

/** What is wrong with the variables of a form; empty where nothing is. */
export function variablesProblem(lines: readonly VariableLine[]): string {
  const names = lines.map((one) => one.name.trim()).filter(Boolean);
  if (new Set(names).size < names.length) return "Two variables have the same name.";
  if (lines.some((one) => !one.name.trim() && one.text.trim())) return "A variable has a value, and no name.";
  const large = lines.find((one) => one.text !== one.exact && rounds(one.text));
  return large ? `${large.name} has a figure that is too large to be sent from here: change it in the file.` : "";
}

export const LEAST_PRIORITY = -1_000_000;

/** The fields that figures are typed into, as far as they are shown. */
function wrongFigures(draft: Draft): [keyof Problems, string][] {
  const waits = draft.kind === "time" && draft.missed === "all" && draft.said.often !== "always" && draft.said.often !== "once";
  return [
    ["missedLimit", waits ? figureProblem(draft.missedLimit) : ""],
    ["tolerance", draft.kind === "api" && draft.secret.trim() ? figureProblem(draft.tolerance) : ""],
    ["runLimit", figureProblem(draft.runLimit)],
    ["priority", figureProblem(draft.priority, LEAST_PRIORITY)],
    ["timeout", spanProblem(draft.timeout)],
    ["sla", spanProblem(draft.sla)],
  ];
}

export type Problems = Partial<Record<"pipeline" | "name" | "said" | "matchers" | "after" | "start" | "variables" | "missedLimit" | "tolerance" | "runLimit" | "priority" | "timeout" | "sla", string>>;

/** What is wrong with a draft before anybody is asked, by field. */
export function problemsOf(draft: Draft): Problems {
  const found: Problems = {};
  if (!draft.pipeline) found.pipeline = "Choose the pipeline that it runs.";
  if (!draft.name.trim()) found.name = "Give it a name.";
  if (draft.kind === "event" && matchersOf(draft.matchers) === null) found.matchers = 'Write a list of maps, as [{"pattern": {"source": ["orders"]}}].';
  if (draft.kind === "dependency" && !draft.after.some((one) => one.pipeline)) found.after = "Name at least one pipeline.";
  if (draft.kind === "time" && momentProblem(draft.start, draft.zone)) found.start = momentProblem(draft.start, draft.zone);
  if (draft.kind === "time" && draft.said.often === "weekly" && draft.said.days.length === 0) found.said = "Choose a day.";
  if (variablesProblem(draft.variables)) found.variables = variablesProblem(draft.variables);
  for (const [key, problem] of wrongFigures(draft)) if (problem) found[key] = problem;
  return found;
}

/** Those of a draft that its file did not have already: what stands odd there keeps nobody from changing something else. */
export function newProblems(before: Draft, now: Draft): Problems {
  const known = problemsOf(before);
  const stays = (key: keyof Problems) => known[key] !== undefined && JSON.stringify(before[key]) === JSON.stringify(now[key]);
  return Object.fromEntries(Object.entries(problemsOf(now)).filter(([key]) => !stays(key as keyof Problems)));
}

export function matchersOf(text: string): Record<string, unknown>[] | null {
  try {
    const value: unknown = JSON.parse(text.trim() || "[]");
    return Array.isArray(value) && value.every((one) => typeof one === "object" && one !== null && !Array.isArray(one)) ? (value as Record<string, unknown>[]) : null;
  } catch {
    return null;
  }
}

export function bodyOf(draft: Draft): Body {
  const time = draft.kind === "time";
  const schedule = time ? written(draft.said) : null;
  return {
    pipeline: draft.pipeline,
    name: draft.name.trim(),
    kind: draft.kind,
    active: draft.active,
    schedule,
    start_time: time ? momentOf(draft.start, draft.zone) : null,
    variables: Object.fromEntries(draft.variables.filter((one) => one.name.trim()).map((one) => [one.name.trim(), valueOf(one.text)])),
    sla: secondsOf(draft.sla),
    description: draft.description,
    tags: list(draft.tags),
    envs: list(draft.envs),
    event_matchers: draft.kind === "event" ? (matchersOf(draft.matchers) ?? []) : [],
    settings: settingsOf(draft, schedule),
  };
}

/** Only what differs from how it is anyway: a file says no more than it has to. */
function settingsOf(draft: Draft, schedule: string | null): Record<string, unknown> {
  const limit = figure(draft.runLimit);
  const missedLimit = figure(draft.missedLimit);
  const priority = figure(draft.priority);
  const timeout = secondsOf(draft.timeout);
  const after = draft.after.filter((one) => one.pipeline).map((one) => Object.fromEntries(Object.entries(one).filter(([, value]) => value)));
  const said: [string, unknown][] = [
    ["time_zone", schedule !== null && draft.zone !== "UTC" ? draft.zone : null],
    ["missed_runs", schedule !== null && draft.missed !== "last" ? draft.missed : null],
    ["missed_runs_limit", schedule !== null && draft.missed === "all" ? missedLimit : null],
    ["landing_time_enabled", schedule !== null && draft.landing && canLand(schedule) ? true : null],
    ["create_initial_pipeline_run", schedule !== null && draft.initialRun ? true : null],
    ["skip_if_previous_running", draft.skipIfRunning || null],
    ["allow_blocks_to_fail", draft.allowToFail || null],
    ["pipeline_run_limit", limit],
    ["on_limit", draft.onLimit || null],
    ["priority", priority === 0 ? null : priority],
    ["timeout", timeout],
    ["timeout_status", timeout !== null && draft.timeoutStatus !== "failed" ? draft.timeoutStatus : null],
    ["after", draft.kind === "dependency" && after.length > 0 ? after : null],
    ["webhook", draft.kind === "api" && draft.secret.trim() ? { secret: draft.secret.trim(), tolerance_seconds: figure(draft.tolerance) ?? 300 } : null],
  ];
  return Object.fromEntries(said.filter(([, value]) => value !== null));
}

/** What a change of a trigger tells the server; variables one by one, since those that stay cannot all be written as they are in the file. */
export interface Changes {
  set: Record<string, unknown>;
  variables: Record<string, unknown>;
  dropped: string[];
}

/** What a change of a trigger sets: the fields and variables that differ, and the settings that go as null; null where nothing differs. */
export function changesOf(before: Body, now: Body): Changes | null {
  const found: Record<string, unknown> = {};
  for (const key of Object.keys(now) as (keyof Body)[]) {
    if (key === "pipeline" || key === "settings" || key === "variables" || JSON.stringify(now[key]) === JSON.stringify(before[key])) continue;
    found[key] = now[key];
  }
  const settings: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(before.settings), ...Object.keys(now.settings)])) {
    if (JSON.stringify(before.settings[key]) !== JSON.stringify(now.settings[key])) settings[key] = now.settings[key] ?? null;
  }
  if (Object.keys(settings).length > 0) found.settings = settings;
  const same = (name: string) => Object.hasOwn(before.variables, name) && JSON.stringify(before.variables[name]) === JSON.stringify(now.variables[name]);
  const variables = Object.fromEntries(Object.entries(now.variables).filter(([name]) => !same(name)));
  const dropped = Object.keys(before.variables).filter((name) => !Object.hasOwn(now.variables, name));
  return Object.keys(found).length + Object.keys(variables).length + dropped.length > 0 ? { set: found, variables, dropped } : null;
}
