import { keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { api } from "../../api/client";
import type { FoundLines } from "../../api/orchestration";
import { useTopic } from "../../api/useTopic";
import { stretch } from "../runs/filters";
import { concerns, MOST, withNewest, type Logs } from "./live";

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

/** Newest pages that are read at most until they reach back to what is held. */
const REACH = 4;

function page(filters: LogFilters, before: string, signal?: AbortSignal) {
  const { since, from, to, ...rest } = filters;
  return api.get<FoundLines>("/logs", { query: { ...rest, ...stretch({ since, from, to }), limit: 500, before: before || undefined }, signal });
}

export function useLogs(filters: LogFilters) {
  return useInfiniteQuery({
    queryKey: ["logs", filters],
    queryFn: ({ pageParam, signal }) => page(filters, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (found) => found.next || undefined,
    placeholderData: keepPreviousData,
  });
}

/**
 * Lines that come while the page is open are read when the server says that there are some, which it does once a second
 * at most. `onAdded` hears how many have come on top just before they are shown; `atTop` tells whether a reader follows.
 */
export function useNewLines(filters: LogFilters, atTop: () => boolean, onAdded: (count: number) => void): void {
  const client = useQueryClient();
  const state = useRef({ busy: false, again: false });
  const key = ["logs", filters];
  const read = async () => {
    const fresh: FoundLines[] = [];
    let found: ReturnType<typeof withNewest> = null;
    for (let before = ""; fresh.length < REACH; ) {
      const one = await page(filters, before);
      fresh.push(one);
      const held = client.getQueryData<Logs>(key);
      if (!held || (found = withNewest(held, fresh)) || !one.next) break;
      before = one.next;
    }
    const [newest] = fresh;
    const alone = newest ? { pages: [newest], pageParams: [""] } : null;
    if (found && (!atTop() || found.data.pages.reduce((sum, one) => sum + one.lines.length, 0) <= MOST)) {
      onAdded(found.added);
      client.setQueryData<Logs>(key, found.data);
    } else if (alone && atTop()) client.setQueryData<Logs>(key, alone);
  };
  const soon = () => {
    if (state.current.busy) {
      state.current.again = true;
      return;
    }
    state.current.busy = true;
    void read()
      .catch(() => undefined) // what the list itself cannot read, it says
      .finally(() => {
        state.current.busy = false;
        if (state.current.again) {
          state.current.again = false;
          soon();
        }
      });
  };
  useTopic("logs", (events) => concerns(events, filters) && soon(), soon);
}
