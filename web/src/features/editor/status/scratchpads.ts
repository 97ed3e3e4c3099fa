import { createStore } from "zustand/vanilla";
import type { Failure, PipelineEvent } from "../../../api/types";
import { withItems, type Line } from "./lines";

/** Something that a cell has put out: lines that it printed, or a value in its forms. */
export type Shown = { lines: readonly Line[] } | { mime: Readonly<Record<string, unknown>> };

export interface Execution {
  execution: string;
  cell: string;
  state: "running" | "done" | "failed";
  shown: readonly Shown[];
  seconds: number | null;
  failure: Failure | null;
}

export interface Scratchpad {
  /** The newest execution of each cell, in the order in which they last ran. */
  executions: readonly Execution[];
  /** Whether a process holds a namespace, as far as this tab has heard. */
  alive: boolean;
  /** Why the process ended, when it did so by itself. */
  ended: string;
}

export const EMPTY: Scratchpad = { executions: [], alive: false, ended: "" };
const MOST_SHOWN = 200;

/** What the cells of scratchpads have put out in this tab. */
export class Scratchpads {
  readonly store = createStore<Readonly<Record<string, Scratchpad>>>(() => ({}));

  of(block: string): Scratchpad {
    return this.store.getState()[block] ?? EMPTY;
  }

  running(block: string): boolean {
    return this.of(block).executions.some((one) => one.state === "running");
  }

  clear(block: string): void {
    this.update(block, () => EMPTY);
  }

  hear(event: PipelineEvent): void {
    if (event.type === "scratch_started") {
      const { execution, cell = "" } = event;
      const begun: Execution = { execution, cell, state: "running", shown: [], seconds: null, failure: null };
      this.update(event.block, (pad) => ({
        alive: true,
        ended: "",
        executions: [...pad.executions.filter((one) => one.cell !== cell), begun],
      }));
    } else if (event.type === "scratch_ended") {
      const { failure = null, seconds = null } = event;
      this.patch(event.block, event.execution, (one) => ({ ...one, state: failure ? "failed" : "done", failure, seconds }));
    } else if (event.type === "scratch_session") {
      this.update(event.block, (pad) => ({ ...pad, alive: event.state !== "ended", ended: event.reason ?? "" }));
    } else if (event.type === "display") {
      this.patch(event.block, event.execution, (one) => ({ ...one, shown: [...one.shown, { mime: event.mime }].slice(-MOST_SHOWN) }));
    } else if (event.type === "block_output" && event.run === null) {
      this.patch(event.block, event.execution ?? null, (one) => {
        const last = one.shown.at(-1);
        if (last && "lines" in last) return { ...one, shown: [...one.shown.slice(0, -1), { lines: withItems(last.lines, event.items) }] };
        return { ...one, shown: [...one.shown, { lines: withItems([], event.items) }] };
      });
    }
  }

  /** Changes one execution; what a thread prints after its cell has ended goes to the newest one. */
  private patch(block: string, execution: string | null, change: (one: Execution) => Execution): void {
    this.update(block, (pad) => {
      const known = pad.executions.findLastIndex((one) => one.execution === execution);
      const at = known < 0 && execution === null ? pad.executions.length - 1 : known;
      return { ...pad, executions: pad.executions.map((one, index) => (index === at ? change(one) : one)) };
    });
  }

  private update(block: string, change: (pad: Scratchpad) => Scratchpad): void {
    const pads = this.store.getState();
    this.store.setState({ ...pads, [block]: change(pads[block] ?? EMPTY) }, true);
  }
}

export interface Cell {
  name: string;
  code: string;
  /** Lines of the text, counted from 1, both included. */
  from: number;
  to: number;
}

const MARK = /^#\s*%%(.*)$/;

/** The cells of a scratchpad: `# %%` begins one; a text without any is a single cell. */
export function cellsOf(text: string): Cell[] {
  const lines = text.split("\n");
  const starts = lines.flatMap((line, index) => (MARK.test(line) ? [index] : []));
  if (starts.length === 0) return [{ name: "", code: text, from: 1, to: lines.length }];
  if (starts[0] !== 0 && lines.slice(0, starts[0]).some((line) => line.trim() !== "")) starts.unshift(0);
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? lines.length;
    const title = MARK.exec(lines[start] ?? "")?.[1]?.trim() ?? "";
    return { name: title || String(index + 1), code: lines.slice(start, end).join("\n"), from: start + 1, to: end };
  });
}

export function cellAt(text: string, line: number): Cell {
  const cells = cellsOf(text);
  return cells.find((cell) => line <= cell.to) ?? (cells.at(-1) as Cell);
}
