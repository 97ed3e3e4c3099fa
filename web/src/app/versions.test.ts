import { expect, it, vi } from "vitest";
import { eventually } from "../api/eventually";
import { watchForNewVersions } from "./versions";

const missing = () => window.dispatchEvent(new Event("vite:preloadError", { cancelable: true }));

it("loads the page anew when a part of it is gone, once, and only from a server that is there", async () => {
  const reload = vi.fn();
  const isThere = vi.fn().mockResolvedValueOnce(false).mockResolvedValue(true);
  watchForNewVersions(reload, isThere);
  missing();
  await eventually(() => expect(isThere).toHaveBeenCalledTimes(1));
  expect(reload).not.toHaveBeenCalled();
  missing();
  await eventually(() => expect(reload).toHaveBeenCalledTimes(1));
  missing();
  await eventually(() => expect(isThere).toHaveBeenCalledTimes(3));
  expect(reload).toHaveBeenCalledTimes(1);
});
