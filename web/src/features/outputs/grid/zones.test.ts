import { describe, expect, it } from "vitest";
import { shownTime, typedTime, zoneWords } from "./zones";

describe("shownTime", () => {
  it("shows a moment in UTC whatever its own zone is, to the last digit", () => {
    expect(shownTime("2013-07-01 05:00:00.000000123-04:00", "utc")).toBe("2013-07-01 09:00:00.000000123Z");
    expect(shownTime("2013-07-01 23:30:00+05:45", "utc")).toBe("2013-07-01 17:45:00Z");
    expect(shownTime("1969-12-31 23:59:59Z", "utc")).toBe("1969-12-31 23:59:59Z");
  });

  it("shows local time with its offset, which names the same moment", () => {
    const shown = shownTime("2013-07-01 05:00:00Z", "local");
    expect(shownTime(shown, "utc")).toBe("2013-07-01 05:00:00Z");
    expect(shown).toMatch(/[+-]\d{2}:\d{2}$/);
  });

  it("leaves alone what has no zone and what is no moment", () => {
    for (const text of ["2013-07-01 05:00:00", "2013-07-01", "2 days 03:00:00", "null", "99999-01-01 00:00:00Z"]) expect(shownTime(text, "utc")).toBe(text);
  });
});

describe("typedTime", () => {
  it("means UTC or local time as shown, unless an offset is given", () => {
    expect(typedTime("2013-07-01", "utc")).toBe("2013-07-01T00:00:00+00:00");
    expect(typedTime(" 2013-07-01 05:30 ", "utc")).toBe("2013-07-01T05:30:00+00:00");
    expect(typedTime("2013-07-01 05:30:01.25", "utc")).toBe("2013-07-01T05:30:01.25+00:00");
    expect(typedTime("2013-07-01T05:30:00+02:00", "utc")).toBe("2013-07-01T05:30:00+02:00");
    expect(new Date(typedTime("2013-07-01 05:30", "local")).getTime()).toBe(new Date(2013, 6, 1, 5, 30).getTime());
    expect(typedTime("yesterday", "utc")).toBe("yesterday");
  });
});

it("says in a column's head which zone is meant", () => {
  expect(zoneWords(undefined, "utc")).toBeNull();
  expect(zoneWords("", "utc")?.short).toBe("no zone");
  expect(zoneWords("America/New_York", "utc")).toEqual({ short: "UTC", long: "Stored in America/New_York, shown in UTC as the settings say." });
  expect(zoneWords("America/New_York", "local")?.short).toBe("local");
});
