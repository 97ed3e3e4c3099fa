/** What each request that changes something is called in the history: one line a route. */
import type { Write } from "../api/client";

type Values = Record<string, unknown>;

interface Call {
  /** What stands in the address in place of a name in braces. */
  at: (name: string) => string;
  body: Values;
  query: Values;
  /** What the server answered; empty when it refused. */
  answer: Values;
}

type Words = (call: Call) => string;

const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");
const named = ({ answer, body }: Call, else_: string) => text(answer.name) || text(body.name) || else_;
const RUN_ACTIONS: Record<string, string> = { cancel: "Cancelled", retry: "Retried", retry_incomplete: "Retried what was incomplete of", delete: "Deleted" };

/** Texts of what was changed in a block or pipeline, of those that were sent. */
function changed(body: Values): string {
  const keys = Object.keys(body).filter((key) => key !== "revision" && body[key] !== undefined);
  return keys.map((key) => key.replaceAll("_", " ")).join(", ");
}

function ran({ at, body }: Call): string {
  const blocks = Array.isArray(body.blocks) ? body.blocks.map(text) : [];
  if (blocks.length === 0) return body.stale_only === true ? `Ran what was stale in ${at("pipeline")}` : `Ran all of ${at("pipeline")}`;
  const around = [
    body.with_upstream === true && "everything before it",
    body.incomplete_upstream === true && "what was missing before it",
    body.with_downstream === true && "everything after it",
  ].filter(Boolean);
  return `Ran ${blocks.join(", ")}${around.length > 0 ? ` with ${around.join(" and ")}` : ""}`;
}

export const WORDS: Readonly<Record<string, Words>> = {
  "PATCH /api/alerts/settings": ({ body }) => `Changed alerts: ${changed((body.set ?? {}) as Values)}`,
  "POST /api/alerts/test": ({ body }) => `Sent a test message to ${text(body.channel)}`,
  "POST /api/backfills": (call) => `Made the backfill ${named(call, "of " + text(call.body.pipeline))}`,
  "DELETE /api/backfills/{backfill}": ({ at }) => `Deleted the backfill ${at("backfill")}`,
  "POST /api/backfills/{backfill}/cancel": (call) => `Cancelled the backfill ${named(call, call.at("backfill"))}`,
  "POST /api/backfills/{backfill}/retry": ({ at }) => `Retried what failed of backfill ${at("backfill")}`,
  "POST /api/backfills/{backfill}/start": (call) => `Started the backfill ${named(call, call.at("backfill"))}`,
  "DELETE /api/files": ({ query }) => `Deleted ${text(query.path)}`,
  "PUT /api/files/content": ({ query }) => `Saved ${text(query.path)}`,
  "POST /api/files/folder": ({ body }) => `Made the folder ${text(body.path)}`,
  "POST /api/files/move": ({ body }) => `Moved ${text(body.from)} to ${text(body.to)}`,
  "POST /api/files/restore": ({ body }) => `Took an earlier text of ${text(body.path)}`,
  "PUT /api/files/upload": ({ query }) => `Uploaded ${text(query.path)}`,
  "POST /api/mutes": ({ body }) => `${body.until == null ? "Unmuted" : "Muted"} failures of ${text(body.block) || text(body.pipeline)}`,
  "POST /api/pipeline-templates": (call) => `Kept ${text(call.body.pipeline)} as the template ${named(call, "")}`,
  "DELETE /api/pipeline-templates/{template}": ({ at }) => `Deleted the pipeline template ${at("template")}`,
  "POST /api/pipelines": (call) => `Made the pipeline ${named(call, "")}`,
  "POST /api/pipelines/import": (call) => `Imported the pipeline ${named(call, text(call.query.name))}`,
  "DELETE /api/pipelines/{pipeline}": ({ at }) => `Deleted the pipeline ${at("pipeline")}`,
  "PATCH /api/pipelines/{pipeline}": ({ body }) => `Changed the pipeline: ${changed(body)}`,
  "POST /api/pipelines/{pipeline}/blocks": (call) => `Added the block ${text(call.answer.block) || named(call, "")}`,
  "DELETE /api/pipelines/{pipeline}/blocks/{block}": ({ at }) => `Deleted the block ${at("block")}`,
  "PATCH /api/pipelines/{pipeline}/blocks/{block}": ({ at, body }) => `Changed ${at("block")}: ${changed(body)}`,
  "PUT /api/pipelines/{pipeline}/blocks/{block}/content": ({ at }) => `Saved the text of ${at("block")}`,
  "POST /api/pipelines/{pipeline}/blocks/{block}/detach": ({ at }) => `Gave ${at("block")} a file of its own`,
  "POST /api/pipelines/{pipeline}/blocks/{block}/duplicate": ({ at, answer }) => `Duplicated ${at("block")}${answer.block ? ` as ${text(answer.block)}` : ""}`,
  "POST /api/pipelines/{pipeline}/charts": ({ body, answer }) => `Added the chart ${text(answer.chart) || "of " + text(body.block)}`,
  "DELETE /api/pipelines/{pipeline}/charts/{chart}": ({ at }) => `Deleted the chart ${at("chart")}`,
  "PATCH /api/pipelines/{pipeline}/charts/{chart}": ({ at, body }) => `Changed the chart ${at("chart")}: ${changed(body)}`,
  "POST /api/pipelines/{pipeline}/interrupt": ({ at }) => `Interrupted what ran of ${at("pipeline")}`,
  "POST /api/pipelines/{pipeline}/move": ({ at, body }) => `Moved ${at("pipeline")} to ${text(body.folder) || "the top folder"}`,
  "POST /api/pipelines/{pipeline}/rename": ({ at, body }) => `Renamed ${at("pipeline")} to ${text(body.name)}`,
  "POST /api/pipelines/{pipeline}/runs": ran,
  "PUT /api/pipelines/{pipeline}/yaml": ({ at }) => `Saved the file of ${at("pipeline")}`,
  "POST /api/runs/bulk": ({ body }) => `${RUN_ACTIONS[text(body.action)] ?? text(body.action)} ${Array.isArray(body.runs) ? body.runs.length : 0} runs`,
  "DELETE /api/runs/{run}": ({ at }) => `Deleted the run ${at("run")}`,
  "POST /api/runs/{run}/cancel": ({ at }) => `Cancelled the run ${at("run")}`,
  "POST /api/runs/{run}/interrupt": ({ at, body }) => `Interrupted ${text(body.block) || `the run ${at("run")}`}`,
  "POST /api/runs/{run}/retry": ({ at }) => `Retried the run ${at("run")}`,
  "POST /api/runs/{run}/retry_from": ({ at, body }) => `Retried the run ${at("run")} from ${text(body.block)}`,
  "POST /api/runs/{run}/retry_incomplete": ({ at }) => `Retried what the run ${at("run")} did not complete`,
  "POST /api/scratchpads/{pipeline}/{block}/interrupt": ({ at }) => `Interrupted the scratchpad ${at("block")}`,
  "POST /api/scratchpads/{pipeline}/{block}/restart": ({ at }) => `Restarted the scratchpad ${at("block")}`,
  "POST /api/scratchpads/{pipeline}/{block}/run": ({ at }) => `Ran code in the scratchpad ${at("block")}`,
  "PATCH /api/settings": ({ body }) => `Changed settings: ${changed((body.set ?? {}) as Values)}`,
  "POST /api/templates": (call) => `Made the template ${named(call, "")}`,
  "DELETE /api/templates/{template}": ({ at }) => `Deleted the template ${at("template")}`,
  "PUT /api/templates/{template}": (call) => `Changed the template ${named(call, call.at("template"))}`,
  "POST /api/triggers": (call) => `Made the trigger ${named(call, "")}`,
  "DELETE /api/triggers/{trigger}": (call) => `Deleted the trigger ${named(call, call.at("trigger"))}`,
  "PATCH /api/triggers/{trigger}": (call) => `Changed the trigger ${named(call, "")}: ${changed((call.body.set ?? {}) as Values)}`,
  "POST /api/triggers/{trigger}/activate": (call) => `Turned on the trigger ${named(call, call.at("trigger"))}`,
  "POST /api/triggers/{trigger}/deactivate": (call) => `Turned off the trigger ${named(call, call.at("trigger"))}`,
  "POST /api/triggers/{trigger}/run": ({ at }) => `Started the trigger ${at("trigger")} by hand`,
  "POST /api/triggers/{trigger}/token": ({ at }) => `Made a new token for the trigger ${at("trigger")}`,
  "POST /api/undo/{token}": () => "Took a deletion back",
};

/** Routes that change nothing although they are no GET, those that the studio's pages do not call, and logging in and out. */
export const UNTOLD: readonly string[] = [
  "POST /api/backfills/preview",
  "POST /api/events",
  "POST /api/language/check",
  "POST /api/language/format",
  "POST /api/pipeline_schedules/{trigger}/api_trigger",
  "POST /api/pipeline_schedules/{trigger}/pipeline_runs/{token}",
  "POST /api/pipelines/{pipeline}/charts/{chart}/run",
  "POST /api/products/{pipeline}/{block}/chart",
  "POST /api/products/{pipeline}/{block}/diff",
  "POST /api/products/{pipeline}/{block}/page",
  "POST /api/products/{pipeline}/{block}/profile",
  "POST /api/runs",
  "POST /api/runs/{token}",
  "POST /api/scratchpads/{pipeline}/{block}/complete",
  "DELETE /api/session",
  "DELETE /api/session/all",
  "POST /api/session/links",
  "POST /api/triggers/preview",
];

const ROUTES = Object.keys(WORDS).map((route) => {
  const [method = "", path = ""] = route.split(" ");
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  return { route, method, names, pattern: new RegExp(`^${path.replace(/\{\w+\}/g, "([^/]+)")}$`) };
});

export interface Operation {
  text: string;
  pipeline?: string;
  run?: string;
  /** Brings back what was deleted, for a day. */
  undo?: string;
}

/** A request in words; undefined for one that changes nothing. */
export function operationOf({ method, path, body, query, answer }: Write): Operation | undefined {
  const whole = path.startsWith("/api") ? path : `/api${path}`;
  for (const { route, method: wanted, names, pattern } of ROUTES) {
    const match = method === wanted ? pattern.exec(whole) : null;
    if (!match) continue;
    const at = (name: string) => (names.includes(name) ? decodeURIComponent(match[names.indexOf(name) + 1] ?? "") : "");
    const given = (answer ?? {}) as Values;
    const words = (WORDS[route] as Words)({ at, body: (body ?? {}) as Values, query: (query ?? {}) as Values, answer: given });
    // What began a run leads to it; the answer names it by itself or in its summary.
    const begun = text(given.run) || text((given.run as Values | undefined)?.run);
    return { text: words, pipeline: at("pipeline") || undefined, run: at("run") || begun || undefined, undo: text(given.undo) || undefined };
  }
  return undefined;
}
