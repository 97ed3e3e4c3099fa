import { describe, expect, it } from "vitest";
import { spoken, written } from "./schedule";

describe("a schedule in the form", () => {
  it.each(["@once", "@hourly", "@daily", "@weekly", "@monthly", "@always_on", "*/15 * * * *", "5 * * * *", "30 8 * * *", "0 6 * * 1,3,5", "0 6 * * 1-5", "0 6 * * 0,6", "15 4 31 * *"])("%s is said, and written as it was", (text) => {
    expect(written(spoken(text))).toBe(text);
    expect(spoken(text).often).not.toBe("cron");
  });

  it.each(["0 6 * * 5-1", "0 6 * * MON", "0 6 * * 1-2-3", "*/7 * * * *", "0 0 1 1 *", "0 8,20 * * *", "0 0 13 * 5", "nonsense", "", "61 * * * *", "0 0 * * * *"])("%s is left as it is", (text) => {
    expect(spoken(text).often).toBe("cron");
    expect(written(spoken(text))).toBe(text);
  });

  it("calls both numbers of Sunday the same day", () => {
    expect(spoken("0 6 * * 7").days).toEqual([0]);
  });

  it("makes of no day no expression, rather than every day", () => {
    expect(written({ ...spoken("0 6 * * 1"), days: [] }).trim()).toBe("0 6 * *");
  });
});
