import type { Setting } from "./queries";

/** A setting's value as text in a field. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "object") return String(value);
  return Object.keys(value).length === 0 ? "" : JSON.stringify(value);
}

export type Typed = { value: unknown } | { problem: string };

/** What was typed, as the setting's kind of value. Nothing at all means its default. */
export function typed(setting: Setting, text: string): Typed {
  const plain = text.trim();
  if (plain === "") return { value: null };
  if (setting.kind === "number") {
    const value = Number(plain.replace(",", "."));
    return Number.isFinite(value) ? { value } : { problem: `${setting.title} is a number.` };
  }
  if (setting.kind === "map") {
    try {
      const value: unknown = JSON.parse(plain);
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return { value };
    } catch {
      // What it should be is said below.
    }
    return { problem: 'Names and values, as in {"name": 1}.' };
  }
  if (setting.kind === "list") return { value: plain.split(",").map((part) => part.trim()).filter(Boolean) };
  return { value: plain };
}

const GROUPS: Record<string, string> = {
  retry_config: "Retries of blocks",
  logging_config: "Logs",
  run_retention_period: "Runs",
  run_retention_count: "Runs",
  concurrency_config: "Runs",
  notification_config: "Runs",
};

/** The settings that can be changed here, by what they are about, in the order of the form. */
export function grouped(settings: readonly Setting[]): [string, Setting[]][] {
  const groups = new Map<string, Setting[]>();
  for (const setting of settings) {
    if (!setting.used) continue;
    const group = GROUPS[setting.key.split(".")[0] ?? ""] ?? "Outputs";
    groups.set(group, [...(groups.get(group) ?? []), setting]);
  }
  return [...groups];
}

/** Settings that the file has and that nothing here acts on: they are told, so that nobody waits for their effect. */
export function idle(settings: readonly Setting[]): Setting[] {
  return settings.filter((setting) => setting.set && !setting.used && !["project_uuid", "project_type"].includes(setting.key));
}
