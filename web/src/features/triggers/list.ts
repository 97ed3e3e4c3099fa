/** Which triggers the list shows, by pages. */

export interface Filters {
  q?: string;
  pipeline?: string;
  kind?: string;
  state?: string;
  tag?: string;
}

export const KINDS: Record<string, string> = { time: "by the clock", api: "by a call", event: "by an event", dependency: "after another pipeline" };

/** Triggers of one page of the list. */
export const PAGE = 100;

/** The pages that rows from one to another are on. */
export function pagesOf(first: number, last: number): number[] {
  const start = Math.floor(Math.max(0, first) / PAGE);
  return Array.from({ length: Math.max(0, Math.floor(Math.max(0, last) / PAGE) - start + 1) }, (_, index) => start + index);
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
