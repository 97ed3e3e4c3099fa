/** The calendar's lanes: the slots of each trigger within a stretch of time. */
import type { CalendarLane, CalendarSlot } from "../../api/orchestration";

export interface Lane {
  trigger: CalendarLane;
  slots: number[];
  /** It has more slots than these, and goes on so to the end of the stretch. */
  dense: boolean;
}

/** One lane for each trigger that has slots, those that come first on top. */
export function lanesOf(triggers: readonly CalendarLane[], slots: readonly CalendarSlot[], dense: readonly number[] = []): Lane[] {
  const full = new Set(dense);
  const byTrigger = new Map<number, number[]>();
  for (const slot of slots) {
    const held = byTrigger.get(slot.trigger);
    if (held) held.push(slot.at);
    else byTrigger.set(slot.trigger, [slot.at]);
  }
  return triggers
    .flatMap((trigger) => {
      const own = byTrigger.get(trigger.id);
      return own ? [{ trigger, slots: own.sort((one, other) => one - other), dense: full.has(trigger.id) }] : [];
    })
    .sort((one, other) => (one.slots[0] ?? 0) - (other.slots[0] ?? 0));
}

/** Strokes of a lane as one path, in thousandths of its width; slots that would lie on each other are drawn once. */
export function strokes(slots: readonly number[], from: number, to: number): string {
  const parts: string[] = [];
  let last = -Infinity;
  for (const at of slots) {
    const x = Math.round((10_000 * (at - from)) / (to - from)) / 10;
    if (x - last < 1) continue;
    last = x;
    parts.push(`M${x} 3V17`);
  }
  return parts.join("");
}

/** Moments for the axis: each hour that so many steps leave, on the clock of the reader. */
export function hoursOf(from: number, to: number, every: number, utc: boolean): number[] {
  const start = new Date(from * 1000);
  if (utc) start.setUTCMinutes(0, 0, 0);
  else start.setMinutes(0, 0, 0);
  const found: number[] = [];
  for (let at = start.getTime() / 1000; at <= to; at += 3600) {
    const date = new Date(at * 1000);
    const hour = utc ? date.getUTCHours() : date.getHours();
    if (at >= from && hour % every === 0) found.push(at);
  }
  return found;
}
