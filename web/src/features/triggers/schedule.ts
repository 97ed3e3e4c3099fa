/** A schedule as somebody would say it, and as the file has it: a preset or a cron expression. */

export type Often = "once" | "minutes" | "hourly" | "daily" | "weekly" | "monthly" | "cron" | "always";

export interface Spoken {
  often: Often;
  /** Between runs, where it is so many minutes. */
  every: number;
  minute: number;
  hour: number;
  /** Days of the week, Sunday is 0. */
  days: number[];
  /** Day of the month. */
  day: number;
  cron: string;
}

export const OFTEN: readonly { value: Often; label: string }[] = [
  { value: "minutes", label: "Every few minutes" },
  { value: "hourly", label: "Every hour" },
  { value: "daily", label: "Every day" },
  { value: "weekly", label: "Every week" },
  { value: "monthly", label: "Every month" },
  { value: "once", label: "Once" },
  { value: "always", label: "Always: again as soon as a run has ended" },
  { value: "cron", label: "By a cron expression" },
];

export const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

const PLAIN: Spoken = { often: "daily", every: 15, minute: 0, hour: 0, days: [1], day: 1, cron: "0 6 * * 1-5" };

const PRESETS: Record<string, Partial<Spoken>> = {
  "@once": { often: "once" },
  "@hourly": { often: "hourly" },
  "@daily": { often: "daily" },
  "@weekly": { often: "weekly", days: [1] },
  "@monthly": { often: "monthly", day: 1 },
  "@always_on": { often: "always" },
};

/** What a schedule says; one that no choice of the form says is told as its cron expression. */
export function spoken(text: string): Spoken {
  const written = text.trim();
  const preset = PRESETS[written.toLowerCase()];
  if (preset) return { ...PLAIN, ...preset };
  return { ...PLAIN, cron: written, ...(simple(written.split(/\s+/)) ?? { often: "cron" as const }) };
}

function simple([minute = "", hour = "", day = "", month = "", weekday = "", ...rest]: string[]): Partial<Spoken> | null {
  if (rest.length > 0 || month !== "*") return null;
  const every = /^\*\/(\d+)$/.exec(minute);
  if (every && hour === "*" && day === "*" && weekday === "*") return STEPS.includes(Number(every[1])) ? { often: "minutes", every: Number(every[1]) } : null;
  const at = number(minute, 0, 59);
  if (at === null) return null;
  if (hour === "*") return day === "*" && weekday === "*" ? { often: "hourly", minute: at } : null;
  const clock = number(hour, 0, 23);
  if (clock === null) return null;
  if (day === "*" && weekday === "*") return { often: "daily", minute: at, hour: clock };
  if (day === "*") {
    const days = weekday.split(",").flatMap(daysOf);
    return days.includes(null) ? null : { often: "weekly", minute: at, hour: clock, days: [...new Set(days.map((one) => (one as number) % 7))].sort() };
  }
  const of = number(day, 1, 31);
  return of === null || weekday !== "*" ? null : { often: "monthly", minute: at, hour: clock, day: of };
}

/** "3", or "1-5" from a day to a later one. */
function daysOf(text: string): (number | null)[] {
  const [from, to] = text.split("-").map((one) => number(one, 0, 7));
  if (!text.includes("-")) return [from ?? null];
  if (from === null || from === undefined || to === null || to === undefined || to < from || text.split("-").length > 2) return [null];
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Days as a field of an expression; three and more in a row as a stretch. Of none it is empty, which is no expression: it must not become every day. */
function dayField(days: readonly number[]): string {
  const sorted = [...new Set(days)].sort();
  const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
  if (sorted.length === 0) return "";
  return sorted.length > 2 && last - first === sorted.length - 1 ? `${first}-${last}` : sorted.join(",");
}

function number(text: string, least: number, most: number): number | null {
  return /^\d{1,2}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : null;
}

/** Minutes that divide an hour: others would not be equally far apart. */
export const STEPS: readonly number[] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30];

/** As the file has it: the preset where there is one. */
export function written(said: Spoken): string {
  const { often, minute, hour, days, day } = said;
  const midnight = minute === 0 && hour === 0;
  switch (often) {
    case "once":
      return "@once";
    case "always":
      return "@always_on";
    case "minutes":
      return `*/${said.every} * * * *`;
    case "hourly":
      return minute === 0 ? "@hourly" : `${minute} * * * *`;
    case "daily":
      return midnight ? "@daily" : `${minute} ${hour} * * *`;
    case "weekly":
      return midnight && days.length === 1 && days[0] === 1 ? "@weekly" : `${minute} ${hour} * * ${dayField(days)}`;
    case "monthly":
      return midnight && day === 1 ? "@monthly" : `${minute} ${hour} ${day} * *`;
    case "cron":
      return said.cron.trim();
  }
}

/** Whether runs can be started so that they end by a time: only where the schedule is one of these. */
export function canLand(schedule: string): boolean {
  return ["@hourly", "@daily", "@weekly", "@monthly"].includes(schedule);
}

export function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** "08:30" as its two figures; null while it is being typed. */
export function timeOf(text: string): { hour: number; minute: number } | null {
  const found = /^(\d{1,2}):(\d{2})/.exec(text);
  return found ? { hour: Number(found[1]), minute: Number(found[2]) } : null;
}
