import { expect, it } from "vitest";
import { fetched, mayLoadAgain, notFetched } from "./parts";

const said = async (message: string) => fetched(() => Promise.reject(new TypeError(message)))().catch((error: unknown) => error as Error);

it("knows a part that did not come by the words of every browser, and tells it in words that the router does not take for its own", async () => {
  for (const words of ["Failed to fetch dynamically imported module: /a.js", "error loading dynamically imported module: /a.js", "Importing a module script failed.", "Unable to preload CSS for /a.css"]) {
    const error = (await said(words)) as Error;
    expect(notFetched(error)).toBe(true);
    expect(error.message).not.toMatch(/^(Failed|error|Importing)/);
  }
});

it("leaves every other error as it is, and what comes", async () => {
  const mistake = new Error("x is not a function");
  await expect(fetched(() => Promise.reject(mistake))()).rejects.toBe(mistake);
  expect(notFetched(mistake)).toBe(false);
  await expect(fetched(() => Promise.resolve(5))()).resolves.toBe(5);
});

it("loads the tab again once in a while only: what the server does not have, it would not have then", () => {
  const storage = window.sessionStorage;
  storage.clear();
  expect([1000, 1010, 1029, 1031].map((now) => mayLoadAgain(storage, now))).toEqual([true, false, false, true]);
});
