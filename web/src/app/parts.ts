/** Parts of the page that are fetched when they are first needed, and what is to be done where one did not come. */
import { useEffect } from "react";
import { api } from "../api/client";
import { useConnection } from "../api/live";

/** How browsers word it that a part did not come: Chromium, Firefox, Safari; and the loader of styles. */
const NOT_FETCHED = /dynamically imported module|Importing a module script failed|Unable to preload CSS/;

export function notFetched(error: unknown): boolean {
  return error instanceof Error && NOT_FETCHED.test(error.message);
}

/**
 * Loads a part, telling in our own words that it did not come: by the browser's words the router would load the whole
 * tab anew, which leads to a page of the browser's while the server is away, and from there nowhere.
 */
export function fetched<M>(load: () => Promise<M>): () => Promise<M> {
  return () =>
    load().catch((error: unknown) => {
      throw notFetched(error) ? new Error(`Fetching a part of the page: ${(error as Error).message}`, { cause: error }) : error;
    });
}

const LOADED = "penstock.loaded-again";
/** A part that is still missing after so many seconds is missing from the server: loading again would not end. */
const ONCE_IN = 30;

/** Whether the tab may load itself anew now; it does not within half a minute of the last time. */
export function mayLoadAgain(storage: Storage, now: number): boolean {
  if (now - Number(storage.getItem(LOADED) ?? 0) < ONCE_IN) return false;
  storage.setItem(LOADED, String(now));
  return true;
}

/** Loads the tab anew as soon as the server answers: it was away, or has another version than the tab. */
export function useLoadAgain(): void {
  const state = useConnection((connection) => connection.state);
  useEffect(() => {
    if (state !== "open") return undefined;
    let here = true;
    // A connection may be held to be open for a while when there is none.
    const again = () => void (here && mayLoadAgain(window.sessionStorage, Date.now() / 1000) && window.location.reload());
    api.get("/project").then(again, () => undefined);
    return () => {
      here = false;
    };
  }, [state]);
}
