/** The pages of a list of log lines, newest first, after newer lines were read. */
import type { InfiniteData } from "@tanstack/react-query";
import type { LiveEvent } from "../../api/live";
import type { FoundLine, FoundLines } from "../../api/orchestration";
import type { LogFilters } from "./queries";

export type Logs = InfiniteData<FoundLines, string>;

/** Lines that are held beyond what was asked for; then a reader at the top holds the newest page alone again. */
export const MOST = 5000;

/** Whether lines of one of these places may be among those that are looked for; null stands for any place. */
export function concerns(events: readonly LiveEvent[], filters: LogFilters): boolean {
  return events.some((event) => {
    const places = event.places as [string, string, string][] | null | undefined;
    if (!places) return true;
    return places.some(([pipeline, run, block]) => (!filters.pipeline || filters.pipeline === pipeline) && (!filters.run || filters.run === run) && (!filters.block || filters.block === block || block.startsWith(`${filters.block}:`)));
  });
}

/**
 * The pages with what the newest pages say: they count for all that is newer than their oldest line, so that a line
 * which was written a moment late finds its place. Null when they do not reach back to what is held.
 */
export function withNewest(held: Logs, fresh: readonly FoundLines[]): { data: Logs; added: number } | null {
  const lines = fresh.flatMap((page) => page.lines);
  const last = fresh.at(-1);
  const [head, ...rest] = held.pages;
  if (!head || !last) return null;
  const before = held.pages.reduce((sum, page) => sum + page.lines.length, 0);
  if (!last.next || before === 0) return { data: { pages: [{ ...last, lines }], pageParams: [""] }, added: lines.length - before };
  const oldest = lines.at(-1)?.at ?? Infinity;
  const newest = held.pages.find((page) => page.lines.length > 0)?.lines[0]?.at ?? -Infinity;
  if (newest < oldest) return null;
  const older = (page: FoundLines) => ({ ...page, lines: page.lines.filter((line) => line.at <= oldest) });
  const newer = lines.filter((line: FoundLine) => line.at > oldest);
  const pages = [{ ...older(head), lines: [...newer, ...older(head).lines] }, ...rest.map(older)];
  return { data: { ...held, pages }, added: pages.reduce((sum, page) => sum + page.lines.length, 0) - before };
}
