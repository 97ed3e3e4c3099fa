import { hashKey, keepPreviousData, useInfiniteQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api } from "../../api/client";
import type { FoundLines } from "../../api/orchestration";
import { useTopic } from "../../api/useTopic";
import { stretch } from "../runs/filters";
import { concerns, linesOf, MOST, withNewest, type Logs } from "./live";

export interface LogFilters {
  q?: string;
  pipeline?: string;
  run?: string;
  block?: string;
  level?: string;
  since?: string;
  from?: string;
  to?: string;
}

/** Who looks at a list: what is looked for, whether the newest line is followed, and who hears how far lines have gone down. */
interface Reader {
  filters: LogFilters;
  atTop: () => boolean;
  onAdded: (count: number) => void;
}

/** Newest pages that are read at most until they reach back to what is held. */
const REACH = 4;

const keyOf = (filters: LogFilters) => ["logs", filters] as const;

function page(filters: LogFilters, before: string, signal?: AbortSignal) {
  const { since, from, to, ...rest } = filters;
  return api.get<FoundLines>("/logs", { query: { ...rest, ...stretch({ since, from, to }), limit: 500, before: before || undefined }, signal });
}

export function useLogs(filters: LogFilters) {
  return useInfiniteQuery({
    queryKey: keyOf(filters),
    queryFn: ({ pageParam, signal }) => page(filters, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (found) => found.next || undefined,
    placeholderData: keepPreviousData,
    // A list that nobody looks at hears of no new lines, and cannot be shown again as if there were none.
    gcTime: 0,
  });
}

/**
 * Lines that come while the page is open are read when the server says that there are some, which it does once a second
 * at most. `onAdded` hears how many have come on top just before they are shown; `atTop` tells whether a reader follows.
 * Who does not is given no more lines once `MOST` are held, and those that are missing when he is at the top again.
 */
export function useNewLines(filters: LogFilters, atTop: () => boolean, onAdded: (count: number) => void): void {
  const client = useQueryClient();
  // Reading takes a while, and ends for who looks then: the filters and the list may be others by that time.
  const reader = useRef<Reader>({ filters, atTop, onAdded });
  reader.current = { filters, atTop, onAdded };
  const state = useRef({ busy: false, again: false, behind: false });
  const soon = () => {
    if (state.current.busy) {
      state.current.again = true;
      return;
    }
    state.current.busy = true;
    void readNewest(client, () => reader.current)
      .then((end) => {
        if (end === "again") state.current.again = true;
        else if (end !== "dropped") state.current.behind = end === "behind";
      })
      .catch(() => undefined) // what the list itself cannot read, it says
      .finally(() => {
        const { again } = state.current;
        state.current = { ...state.current, busy: false, again: false };
        if (again) soon();
      });
  };
  useTopic("logs", (events) => concerns(events, filters) && soon(), soon);
  // To scroll and to close a line both draw the page anew: that is when a reader comes back to the top.
  useEffect(() => {
    if (state.current.behind && atTop()) soon();
  });
}

/** Reads the newest lines of what is looked for into its list: shown, held back for who reads elsewhere, or read for a list that is not there any more. */
async function readNewest(client: QueryClient, reader: () => Reader): Promise<"shown" | "behind" | "again" | "dropped"> {
  const { filters } = reader();
  const key = keyOf(filters);
  const held = () => client.getQueryData<Logs>(key);
  const looking = () => hashKey(keyOf(reader().filters)) === hashKey(key);
  if (!held()) await whenRead(client, filters, () => undefined);
  const head = held()?.pages[0];
  const fresh: FoundLines[] = [];
  for (let before = ""; head && fresh.length < REACH; ) {
    const one = await page(filters, before);
    fresh.push(one);
    const list = held();
    if (!looking() || !list || withNewest(list, fresh) || !one.next) break;
    before = one.next;
  }
  return whenRead(client, filters, () => {
    const list = held();
    if (!looking() || !list || !head) return "dropped";
    // Somebody has read the list anew meanwhile, and may know more.
    if (list.pages[0] !== head) return "again";
    const found = withNewest(list, fresh);
    // To put pages without a find in the place of the list would begin the search anew each time.
    if (!found && linesOf(fresh).length === 0) return "dropped";
    if (found && (found.added === 0 || linesOf(found.data.pages).length <= MOST)) {
      reader().onAdded(found.added);
      client.setQueryData<Logs>(key, found.data);
      return "shown";
    }
    if (!reader().atTop()) return "behind";
    client.setQueryData<Logs>(key, { pages: fresh, pageParams: ["", ...fresh.slice(0, -1).map(({ next }) => next)] });
    return "shown";
  });
}

/**
 * Calls `then` when the list is not being read: the end of a reading puts back the pages that it has begun with. At the
 * very moment, before the page asks for what comes further back, which a search may do without a pause.
 */
function whenRead<T>(client: QueryClient, filters: LogFilters, then: () => T): Promise<T> {
  const reading = () => client.isFetching({ queryKey: keyOf(filters), exact: true }) > 0;
  return new Promise((resolve, reject) => {
    const settle = () => {
      try {
        resolve(then());
      } catch (error) {
        reject(error as Error);
      }
    };
    if (!reading()) return settle();
    const stop = client.getQueryCache().subscribe(() => {
      if (reading()) return;
      stop();
      settle();
    });
  });
}
