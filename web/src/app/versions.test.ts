import { expect, it, vi } from "vitest";
import { watchForNewVersions } from "./versions";

it("loads the page anew when a part of it is gone, once", () => {
  const reload = vi.fn();
  watchForNewVersions(reload);
  const missing = () => new Event("vite:preloadError", { cancelable: true });
  const first = missing();
  window.dispatchEvent(first);
  expect(first.defaultPrevented).toBe(true);
  const second = missing();
  window.dispatchEvent(second);
  expect(reload).toHaveBeenCalledTimes(1);
  expect(second.defaultPrevented).toBe(false);
});
