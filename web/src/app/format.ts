/** Figures and times as the studio shows them everywhere. */
import { usePreferences } from "./preferences";

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** 1 row, 2 rows, 1,234 rows. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** 1234567 as 1.2M. */
export function shortCount(value: number): string {
  if (Math.abs(value) < 10_000) return count(value);
  return new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

export function seconds(value: number): string {
  if (value < 0.0005) return "0 ms";
  if (value < 1) return `${Math.max(1, Math.round(value * 1000))} ms`;
  if (value < 60) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(value / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(value % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A moment as a Date: seconds since the epoch, or ISO 8601 text. */
export function moment(at: number | string): Date {
  return typeof at === "number" ? new Date(at * 1000) : new Date(at);
}

export function dateTime(at: number | string, zone = usePreferences.getState().zone): string {
  const options: Intl.DateTimeFormatOptions = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
  const text = moment(at).toLocaleString("en-GB", zone === "utc" ? { ...options, timeZone: "UTC" } : options);
  return zone === "utc" ? `${text} UTC` : text;
}

export function clock(at: number | string, zone = usePreferences.getState().zone): string {
  const options: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
  return moment(at).toLocaleTimeString("en-GB", zone === "utc" ? { ...options, timeZone: "UTC" } : options);
}

export function ago(at: number | string, now = Date.now()): string {
  const past = (now - moment(at).getTime()) / 1000;
  if (past < 45) return "just now";
  if (past < 3600) return `${Math.max(1, Math.round(past / 60))} min ago`;
  if (past < 86_400) return `${Math.round(past / 3600)} h ago`;
  if (past < 30 * 86_400) return `${Math.round(past / 86_400)} d ago`;
  return dateTime(at).slice(0, 11);
}

/** What begins in the middle of a sentence, as one of its own. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
