/** Where one was in the list of runs: going back to it leads there, not to its beginning. */
import { useRouterState } from "@tanstack/react-router";
import { useEffect, useLayoutEffect, useRef, type RefObject } from "react";
import type { RunFilters } from "./filters";

/** How far the list was scrolled, by the entry of the browser's history; a reload begins at the top. */
const places = new Map<string, number>();
let last: RunFilters = {};

/** What the list was narrowed to when it was looked at last in this tab. */
export function lastFilters(): RunFilters {
  return last;
}

/** Keeps how far a list is scrolled, and scrolls there once it has rows again. */
export function useKeptPlace(box: RefObject<HTMLElement | null>, filters: RunFilters, ready: boolean): void {
  const entry = useRouterState({ select: (state) => state.location.state.__TSR_key ?? "" });
  const restored = useRef(false);
  useEffect(() => {
    last = filters;
  }, [filters]);
  useLayoutEffect(() => {
    const list = box.current;
    if (!ready || !list) return undefined;
    const top = places.get(entry);
    if (!restored.current && top !== undefined) list.scrollTop = top;
    restored.current = true;
    const onScroll = () => void places.set(entry, list.scrollTop);
    list.addEventListener("scroll", onScroll, { passive: true });
    return () => list.removeEventListener("scroll", onScroll);
  }, [box, entry, ready]);
}
