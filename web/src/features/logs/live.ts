/** The pages of a list of log lines, newest first, after newer lines were read. */
import type { InfiniteData } from "@tanstack/react-query";
import type { LiveEvent } from "../../api/live";
import type { FoundLine, FoundLines } from "../../api/orchestration";
import type { LogFilters } from "./queries";

export type Logs = InfiniteData<FoundLines, string>;

/** Lines that a list may grow to by those that come. */
export const MOST = 5000;

/** Whether lines of one of these places may be among those that are looked for; null stands for any place. */
export function concerns(events: readonly LiveEvent[], filters: LogFilters): boolean {
  return events.some((event) => {
    const places = event.places as [string, string, string][] | null | undefined;
    if (!places) return true;
    return places.some(([pipeline, run, block]) => (!filters.pipeline || filters.pipeline === pipeline) && (!filters.run || filters.run === run) && (!filters.block || filters.block === block || block.startsWith(`${filters.block}:`)));
  });
}

export const linesOf = (pages: readonly FoundLines[]): FoundLine[] => pages.flatMap((page) => page.lines);

/**
 * The pages with what the newest pages say: they count for all that is newer than the oldest line that they have looked
 * at, found or not, so that a line which was written a moment late finds its place. Null when they do not reach back to
 * the newest line that was looked at for what is held: others may lie between. `added` says how far down a line that was
 * held has gone.
 */
export function withNewest(held: Logs, fresh: readonly FoundLines[]): { data: Logs; added: number } | null {
  const lines = linesOf(fresh);
  const [first] = fresh;
  const last = fresh.at(-1);
  const [head, ...rest] = held.pages;
  if (!head || !first || !last) return null;
  const was = linesOf(held.pages);
  if (!last.next) return { data: { pages: [{ ...last, lines, newest: first.newest }], pageParams: [""] }, added: growth(was, lines) };
  const reach = last.oldest ?? Infinity;
  if (reach >= (head.newest ?? -Infinity)) return null;
  const older = (page: FoundLines) => ({ ...page, lines: page.lines.filter((line) => line.at <= reach) });
  const newer = lines.filter((line) => line.at > reach);
  const pages = [{ ...older(head), lines: [...newer, ...older(head).lines], newest: first.newest }, ...rest.map(older)];
  return { data: { ...held, pages }, added: growth(was, linesOf(pages)) };
}

/** How many lines have come above the oldest that both lists reach back to; what retention took from one moves nothing up. */
function growth(was: readonly FoundLine[], now: readonly FoundLine[]): number {
  const end = Math.max(was.at(-1)?.at ?? -Infinity, now.at(-1)?.at ?? -Infinity);
  const above = (lines: readonly FoundLine[]) => lines.filter((line) => line.at > end).length;
  return was.length === 0 ? now.length : Math.max(0, above(now) - above(was));
}
