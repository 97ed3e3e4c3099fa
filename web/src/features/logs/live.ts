/** The pages of a list of log lines, newest first, after newer lines were read. */
import type { InfiniteData } from "@tanstack/react-query";
import type { LiveEvent } from "../../api/live";
import type { FoundLine, FoundLines } from "../../api/orchestration";
import type { LogFilters } from "./queries";

export type Logs = InfiniteData<FoundLines, string>;

/** Lines that a list may grow to by those that come. */
export const MOST = 5000;

/** Lines that are more than what comes between two readings: a search that has looked at so many has passed over no new one. */
export const FAR = 100_000;

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
 * The pages with what the newest pages say: they count for all that is newer than their oldest line, so that a line
 * which was written a moment late finds its place. Null when they do not reach back to what is held. `added` says how
 * far down a line that was held has gone.
 */
export function withNewest(held: Logs, fresh: readonly FoundLines[]): { data: Logs; added: number } | null {
  const lines = linesOf(fresh);
  const last = fresh.at(-1);
  const [head, ...rest] = held.pages;
  if (!head || !last) return null;
  const was = linesOf(held.pages);
  const whole = { pages: [{ ...last, lines }], pageParams: [""] };
  if (!last.next) return { data: whole, added: growth(was, lines) };
  const oldest = lines.at(-1);
  // A rare text has no line among the newest. To put that in the place of the list would begin the search anew each time.
  if (!oldest) return { data: held, added: 0 };
  const far = fresh.reduce((sum, page) => sum + page.looked, 0) >= FAR;
  if (was.length === 0 && !far) return { data: whole, added: lines.length };
  const meets = was[0] !== undefined && was[0].at >= oldest.at;
  if (!meets && !far) return null;
  const older = (page: FoundLines) => ({ ...page, lines: page.lines.filter((line) => line.at <= oldest.at) });
  const newer = meets ? lines.filter((line) => line.at > oldest.at) : lines;
  const pages = [{ ...older(head), lines: [...newer, ...older(head).lines] }, ...rest.map(older)];
  return { data: { ...held, pages }, added: growth(was, linesOf(pages)) };
}

/** How many lines have come above the oldest that both lists reach back to; what retention took from one moves nothing up. */
function growth(was: readonly FoundLine[], now: readonly FoundLine[]): number {
  const end = Math.max(was.at(-1)?.at ?? -Infinity, now.at(-1)?.at ?? -Infinity);
  const above = (lines: readonly FoundLine[]) => lines.filter((line) => line.at > end).length;
  return was.length === 0 ? now.length : Math.max(0, above(now) - above(was));
}
