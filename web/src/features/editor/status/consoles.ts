import { createStore } from "zustand/vanilla";
import type { PipelineEvent } from "../../../api/types";
import { withItems, type Line } from "./lines";

/** What a block printed during its present or last run in this tab. */
export interface Console {
  run: string;
  lines: readonly Line[];
  /** Lines that were not sent here; the log files have them. */
  dropped: number;
}

/** Prints of running blocks, newest last, at most 5,000 lines each: more is in the logs. */
export class Consoles {
  readonly store = createStore<Readonly<Record<string, Console>>>(() => ({}));

  hear(event: PipelineEvent): void {
    if (event.type === "block_started") this.set(event.block, { run: event.run, lines: [], dropped: 0 });
    else if (event.type === "block_output" && event.run !== null) {
      const now = this.store.getState()[event.block];
      const before = now?.run === event.run ? now : { run: event.run, lines: [], dropped: 0 };
      const lines = withItems(before.lines, event.items);
      this.set(event.block, { run: event.run, lines, dropped: before.dropped + (event.dropped ?? 0) });
    }
  }

  private set(block: string, console: Console): void {
    this.store.setState({ ...this.store.getState(), [block]: console }, true);
  }
}
