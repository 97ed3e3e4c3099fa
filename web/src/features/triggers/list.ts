/** Which triggers the list shows, and in which order. */
import type { TriggerSummary } from "../../api/orchestration";

export interface Filters {
  q?: string;
  pipeline?: string;
  kind?: string;
  state?: string;
  tag?: string;
}

export const KINDS: Record<string, string> = { time: "by the clock", api: "by a call", event: "by an event", dependency: "after another pipeline" };

export function chosen(all: readonly TriggerSummary[], filters: Filters): TriggerSummary[] {
  const words = (filters.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter((one) => {
    if (filters.pipeline && one.pipeline !== filters.pipeline) return false;
    if (filters.kind && one.kind !== filters.kind) return false;
    if (filters.tag && !one.tags.includes(filters.tag)) return false;
    if (filters.state === "on" && !one.active) return false;
    if (filters.state === "off" && one.active) return false;
    if (filters.state === "problem" && !one.problem) return false;
    const text = `${one.name} ${one.pipeline} ${one.words} ${one.schedule} ${one.description} ${one.tags.join(" ")} ${one.problem}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** What is on and broken first, then by the time of the next run, then what waits for no clock, then what is off. */
export function ordered(all: readonly TriggerSummary[]): TriggerSummary[] {
  const rank = (one: TriggerSummary) => (!one.active ? 3 : one.problem ? 0 : one.next === null ? 2 : 1);
  return [...all].sort((one, other) => rank(one) - rank(other) || (one.next ?? 0) - (other.next ?? 0) || one.pipeline.localeCompare(other.pipeline) || one.name.localeCompare(other.name));
}

/** "in 5 min": from now to a moment to come. */
export function until(at: number, now = Date.now() / 1000): string {
  const left = at - now;
  if (left < 0) return "now";
  if (left < 60) return `in ${Math.max(1, Math.round(left))} s`;
  if (left < 3600) return `in ${Math.round(left / 60)} min`;
  if (left < 86_400) {
    const minutes = Math.round(left / 60);
    return minutes % 60 === 0 || left > 6 * 3600 ? `in ${Math.round(left / 3600)} h` : `in ${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }
  return `in ${Math.round(left / 86_400)} d`;
}
