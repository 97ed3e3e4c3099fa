import { apiUrl } from "../api/client";

const KEY = "penstock.reloaded";
const PAUSE_MS = 30_000;

/** Whether the server can be reached at all. */
async function answers(): Promise<boolean> {
  try {
    return (await fetch(apiUrl("/session"))).ok;
  } catch {
    return false;
  }
}

/**
 * A part of the page that is gone while the server is there was replaced: Penstock was upgraded while this tab was open.
 * The page is loaded anew, but not again and again where that does not help; and never while there is no server to load
 * it from, for then the page that stands is all there is.
 */
export function watchForNewVersions(reload: () => void = () => window.location.reload(), isThere: () => Promise<boolean> = answers): void {
  window.addEventListener("vite:preloadError", () => {
    void isThere().then((there) => {
      const last = Number(sessionStorage.getItem(KEY) ?? 0);
      if (!there || Date.now() - last < PAUSE_MS) return;
      sessionStorage.setItem(KEY, String(Date.now()));
      reload();
    });
  });
}
