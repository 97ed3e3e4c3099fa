/** Names of what alerts are about, and of where they go; values of settings as they are typed. */
import type { ChannelField } from "../../api/orchestration";

export const OCCASIONS: Record<string, string> = {
  trigger_failure: "A run failed",
  trigger_success: "A run went well",
  trigger_passed_sla: "A run is late",
  trigger_recovery: "It works again after it had failed",
};

export const CHANNELS: Record<string, string> = {
  slack: "Slack",
  teams: "Microsoft Teams",
  discord: "Discord",
  telegram: "Telegram",
  google_chat: "Google Chat",
  email: "E-mail",
  opsgenie: "Opsgenie",
  pagerduty: "PagerDuty",
  webhook: "Another address (webhook)",
};

export const KINDS: Record<string, { word: string; tone: "failed" | "ok" | "stale" | undefined }> = {
  failure: { word: "failed", tone: "failed" },
  success: { word: "went well", tone: "ok" },
  passed_sla: { word: "late", tone: "stale" },
  recovery: { word: "works again", tone: "ok" },
  trigger: { word: "cannot start", tone: "failed" },
};

export function textOf(field: ChannelField): string {
  if (field.value === null || field.value === undefined) return "";
  return Array.isArray(field.value) ? field.value.join("\n") : typeof field.value === "object" ? JSON.stringify(field.value) : String(field.value);
}

/** What is kept of what was typed; null takes the value out. */
export function valueOf(field: ChannelField, text: string): unknown {
  const plain = text.trim();
  if (plain === "") return null;
  if (field.kind === "boolean") return plain === "true";
  if (field.kind === "number") return Number.isFinite(Number(plain)) ? Number(plain) : plain;
  if (field.kind === "list") return plain.split(/[\n,]/).map((one) => one.trim()).filter(Boolean);
  if (field.kind === "map") return parsed(plain);
  return plain;
}

/** What somebody types over a value that others may change meanwhile. */
export interface Typed {
  text: string;
  over: string;
}

/** What is said of a value that was changed elsewhere while something else is typed over it; empty where it was not. */
export function elsewhere(typed: Typed | undefined, now: string): string {
  if (!typed || now === typed.over || now === typed.text) return "";
  return `${now === "" ? "Taken out" : `Changed to “${now}”`} elsewhere meanwhile; saving writes what is typed here.`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const LASTING = new Set(["failure", "passed_sla", "trigger"]);

/** When something that lasts was over; null while it goes on, and for news, such as a success. */
export function endOf(alert: { kind: string; closed: number | null }): number | null {
  return LASTING.has(alert.kind) ? alert.closed : null;
}
