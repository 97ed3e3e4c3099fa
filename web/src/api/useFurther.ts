import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { useEffect } from "react";

/** Asks for what comes after the pages that are held, one page after the other, for as long as the end of them is in sight. */
export function useFurther(query: UseInfiniteQueryResult, endInSight: boolean): void {
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    if (endInSight && hasNextPage && !isFetchingNextPage) void fetchNextPage();
    // `data`: an answer may come before its question was drawn, and may hold no row. What was read is all that has changed then.
  }, [data, endInSight, hasNextPage, isFetchingNextPage, fetchNextPage]);
}
