import { describe, expect, it } from "vitest";
import { addressOf, fieldOf, stretch } from "./filters";
import { daysOf, HOUR, hoursOf, hourWords } from "./hours";

const since = Date.UTC(2026, 10, 20, 22) / 1000;
const hours = hoursOf({ since, until: since + 4 * HOUR, hours: [{ at: since + HOUR, runs: { completed: 2, failed: 1 } }, { at: since + 3 * HOUR, runs: { running: 1 } }] });

describe("the hours over the list of runs", () => {
  it("are all there, the fullest the warmest", () => {
    expect(hours.map(({ total, failed, open }) => [total, failed, open])).toEqual([[0, 0, 0], [3, 1, 0], [0, 0, 0], [1, 0, 1]]);
    expect([hours[0]?.heat, hours[1]?.heat, hours[3]?.heat]).toEqual([0, 1, 0.5]);
  });

  it("say what happened in them, on the clock that was chosen", () => {
    const [, full, , open] = hours;
    if (!full || !open) throw new Error("four hours");
    expect(hourWords(full, "utc")).toBe("Fri 20 Nov, 23:00 to 00:00: 3 runs, 1 failed");
    expect(hourWords(open, "utc")).toBe("Sat 21 Nov, 01:00 to 02:00: 1 run, 1 not ended");
    expect(daysOf(hours, "utc")).toEqual([{ index: 2, label: "Sat 21" }]);
  });
});

describe("a stretch in the address", () => {
  it("is the same moment on every clock", () => {
    expect([addressOf("2026-11-20T23:00", "utc"), fieldOf("2026-11-20T23:00Z", "utc")]).toEqual(["2026-11-20T23:00Z", "2026-11-20T23:00"]);
    const local = addressOf("2026-11-20T23:00", "local");
    expect([fieldOf(local, "local"), local.endsWith("Z")]).toEqual(["2026-11-20T23:00", true]);
    expect(stretch({ since: "between", from: "2026-11-20T23:00Z", to: "never" })).toEqual({ from: since + HOUR });
    expect([addressOf("", "utc"), fieldOf("soon", "utc"), fieldOf(undefined, "local")]).toEqual(["", "", ""]);
  });
});
