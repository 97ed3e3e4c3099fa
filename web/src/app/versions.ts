const KEY = "penstock.reloaded";
const PAUSE_MS = 30_000;

/**
 * A part of the page that is gone was replaced: Penstock was upgraded while this tab was open. The page is loaded anew,
 * but not again and again where that does not help.
 */
export function watchForNewVersions(reload: () => void = () => window.location.reload()): void {
  window.addEventListener("vite:preloadError", (event) => {
    const last = Number(sessionStorage.getItem(KEY) ?? 0);
    if (Date.now() - last < PAUSE_MS) return;
    sessionStorage.setItem(KEY, String(Date.now()));
    event.preventDefault();
    reload();
  });
}
