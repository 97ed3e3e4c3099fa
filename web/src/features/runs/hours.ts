/** The strip of hours over the list of runs. */
import type { HoursDetail } from "../../api/orchestration";
import { count } from "../../app/format";
import type { Zone } from "../../app/preferences";

export const HOUR = 3600;
const BROKEN = new Set(["failed", "interrupted"]);

export interface Hour {
  at: number;
  total: number;
  failed: number;
  open: number;
  /** How much there was, beside the fullest hour: 0 to 1. */
  heat: number;
}

/** Every hour of the stretch, oldest first, those without runs too. */
export function hoursOf(found: HoursDetail): Hour[] {
  const byHour = new Map(found.hours.map((hour) => [hour.at, hour.runs]));
  const length = Math.max(0, Math.round((found.until - found.since) / HOUR));
  const hours = Array.from({ length }, (_, index) => {
    const at = found.since + index * HOUR;
    let [total, failed, open] = [0, 0, 0];
    for (const [state, runs] of Object.entries(byHour.get(at) ?? {})) {
      total += runs;
      if (BROKEN.has(state)) failed += runs;
      if (state === "running" || state === "initial") open += runs;
    }
    return { at, total, failed, open, heat: 0 };
  });
  const most = hours.reduce((held, hour) => Math.max(held, hour.total), 0);
  // By its logarithm: one busy night would leave every other hour white.
  return hours.map((hour) => ({ ...hour, heat: hour.total === 0 ? 0 : Math.log1p(hour.total) / Math.log1p(most) }));
}

/** "Sat 21 Nov, 13:00 to 14:00: 12 runs, 2 failed". */
export function hourWords(hour: Hour, zone: Zone): string {
  const options: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false, ...(zone === "utc" ? { timeZone: "UTC" } : {}) };
  const [from, to] = [hour.at, hour.at + HOUR].map((at) => new Date(at * 1000).toLocaleString("en-GB", options));
  const runs = hour.total === 0 ? "no runs" : `${count(hour.total)} ${hour.total === 1 ? "run" : "runs"}`;
  const parts = [runs, hour.failed > 0 && `${count(hour.failed)} failed`, hour.open > 0 && `${count(hour.open)} not ended`].filter(Boolean);
  return `${from ?? ""} to ${(to ?? "").slice(-5)}: ${parts.join(", ")}`;
}

/** The places at which a day begins on the reader's clock, with its name. */
export function daysOf(hours: readonly Hour[], zone: Zone): { index: number; label: string }[] {
  const utc = zone === "utc";
  return hours.flatMap((hour, index) => {
    const date = new Date(hour.at * 1000);
    if ((utc ? date.getUTCHours() : date.getHours()) !== 0) return [];
    return [{ index, label: date.toLocaleString("en-GB", { weekday: "short", day: "numeric", ...(utc ? { timeZone: "UTC" } : {}) }) }];
  });
}
