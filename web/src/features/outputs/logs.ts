/** The lines of a run, as they come and as they were: a ring of the newest, without end in the log files. */
import type { LiveEvent } from "../../api/live";

export interface LogLine {
  key: number;
  at: number | string;
  block: string;
  level: string;
  stream: string;
  text: string;
}

export const RING = 5000;
/** While somebody reads in the middle, nothing is taken away from under them until so many lines are held. */
export const READING = 100_000;

interface Item {
  stream: string;
  level?: string;
  text: string;
  at: number;
}

let next = 1;

/** Lines of a live event; text of several lines becomes as many. */
export function linesOf(event: LiveEvent): LogLine[] {
  if (event.type !== "block_output") return [];
  const block = String(event.block ?? "");
  const found: LogLine[] = [];
  for (const item of (event.items ?? []) as Item[]) {
    for (const text of splitLines(item.text)) {
      found.push({ key: next++, at: item.at, block, level: item.level ?? (item.stream === "stderr" ? "ERROR" : "INFO"), stream: item.stream, text });
    }
  }
  const dropped = Number(event.dropped ?? 0);
  if (dropped > 0) {
    found.push({ key: next++, at: Date.now() / 1000, block, level: "WARNING", stream: "notice", text: `${dropped.toLocaleString("en-US")} bytes are not shown here: they came too fast.` });
  }
  return found;
}

export function storedLine(line: { at: number | string; level: string; block?: string; stream?: string; text: string }): LogLine {
  return { key: next++, at: line.at, block: line.block ?? "", level: line.level, stream: line.stream ?? "log", text: line.text };
}

export function append(ring: readonly LogLine[], lines: readonly LogLine[], most = RING): LogLine[] {
  if (lines.length >= most) return lines.slice(-most);
  const joined = ring.concat(lines);
  return joined.length > most ? joined.slice(-most) : joined;
}

/** What a carriage return has overwritten is left out, as on a terminal: progress bars stay one line. */
export function splitLines(text: string): string[] {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => {
    const at = line.lastIndexOf("\r", line.length - 2);
    return at < 0 ? line.replace(/\r$/, "") : line.slice(at + 1).replace(/\r$/, "");
  });
}
