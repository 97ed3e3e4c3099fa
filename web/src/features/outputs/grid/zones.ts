/** Moments with a zone as the settings want them shown; those without one stay as they are stored. */
import type { Zone } from "../../../app/preferences";

const MOMENT = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/;
const BARE = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?(\.\d+)?)?$/;

const two = (value: number) => String(Math.abs(value)).padStart(2, "0");

function offset(minutes: number): string {
  return `${minutes < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}

/** The text of a moment, in UTC or in local time; what is finer than a second is kept to its last digit. */
export function shownTime(text: string, zone: Zone): string {
  const found = MOMENT.exec(text);
  if (!found) return text;
  const [, day, clock, fraction = "", at = ""] = found;
  const moment = new Date(`${day}T${clock}${at === "Z" ? "Z" : at.includes(":") ? at : `${at.slice(0, 3)}:${at.slice(3)}`}`);
  if (Number.isNaN(moment.getTime())) return text;
  if (zone === "utc") return `${moment.toISOString().slice(0, 19).replace("T", " ")}${fraction}Z`;
  const local = `${String(moment.getFullYear()).padStart(4, "0")}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
  return `${local}${fraction}${offset(-moment.getTimezoneOffset())}`;
}

/** A typed time for a column with a zone: meant as times are shown, unless it names its own offset. */
export function typedTime(text: string, zone: Zone): string {
  const found = BARE.exec(text.trim());
  if (!found) return text;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map((part) => Number(part ?? 0));
  const local = new Date(year, month - 1, day, hour, minute, second);
  const at = zone === "utc" ? "+00:00" : offset(-local.getTimezoneOffset());
  return `${found[1]}-${found[2]}-${found[3]}T${two(hour)}:${two(minute)}:${two(second)}${found[7] ?? ""}${at}`;
}

/** What a column's head says of its times: the stored zone is undefined for what holds no moments, empty for those without a zone. */
export function zoneWords(stored: string | undefined, zone: Zone): { short: string; long: string } | null {
  if (stored === undefined) return null;
  if (stored === "") return { short: "no zone", long: "These times are stored without a zone and shown as they are." };
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone || "this machine's zone";
  return zone === "utc"
    ? { short: "UTC", long: `Stored in ${stored}, shown in UTC as the settings say.` }
    : { short: "local", long: `Stored in ${stored}, shown in ${local}: local time, as the settings say.` };
}
