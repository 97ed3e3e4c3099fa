import { expect, it, vi } from "vitest";
import { watchForNewVersions } from "./versions";

const missing = () => window.dispatchEvent(new Event("vite:preloadError", { cancelable: true }));

it("loads the page anew when a part of it is gone, once, and only from a server that is there", async () => {
  const reload = vi.fn();
  const isThere = vi.fn().mockResolvedValueOnce(false).mockResolvedValue(true);
  watchForNewVersions(reload, isThere);
  missing();
  await vi.waitFor(() => expect(isThere).toHaveBeenCalledTimes(1));
  expect(reload).not.toHaveBeenCalled();
  missing();
  await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(1));
  missing();
  await vi.waitFor(() => expect(isThere).toHaveBeenCalledTimes(3));
  expect(reload).toHaveBeenCalledTimes(1);
});
