import { useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import type { LiveEvent } from "../api/live";
import { useTopic } from "../api/useTopic";

/** Which lists an event concerns, by the first part of their query keys. */
const CONCERNS: Record<string, readonly string[]> = {
  pipelines_changed: ["pipelines", "home", "triggers"],
  run_created: ["runs", "hours", "home", "triggers", "backfills", "explain"],
  run_started: ["runs", "hours", "pipelines", "home", "triggers", "backfills", "explain"],
  run_waiting: ["runs", "home", "explain"],
  run_ended: ["runs", "hours", "pipelines", "home", "triggers", "backfills", "monitor", "explain"],
  run_recorded: ["hours", "home", "monitor"],
  runs_deleted: ["runs", "hours", "pipelines", "home", "monitor"],
  trigger_changed: ["triggers", "explain", "home"],
  triggers_changed: ["triggers", "explain", "home"],
  backfill_changed: ["backfills"],
  alert: ["alerts", "home"],
  mutes_changed: ["mutes", "alerts", "home"],
  files_changed: ["files", "file-versions", "git", "home"],
  product_published: ["products", "product", "versions"],
};
const ALL = [...new Set(Object.values(CONCERNS).flat())];
/** Lists without end are changed by what the events say where they are open, and read again when they are opened. */
const PATCHED = new Set(["runs"]);
/** Settings are a file like any other; whom alerts go to is among them. */
const SETTINGS = "metadata.yaml";
/** The project's logo is one of these. */
const PICTURE = /\.(svg|png|jpe?g|webp|gif|ico)$/i;

export function concerned(events: readonly LiveEvent[]): Set<string> {
  const keys = new Set(events.flatMap((event) => CONCERNS[event.type] ?? []));
  const touched = events.flatMap((event) => (event.type === "files_changed" ? (event.paths as { path: string }[]) : []));
  if (touched.some(({ path }) => path === SETTINGS)) keys.add("settings").add("project").add("alerts");
  if (touched.some(({ path }) => PICTURE.test(path))) keys.add("project");
  return keys;
}

/** Hands on what was named: the first at once, what comes within a second of it together at its end. */
export class Gathered {
  private readonly names = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly act: (names: ReadonlySet<string>) => void,
    private readonly pause = 1000,
  ) {}

  add(names: Iterable<string>): void {
    for (const name of names) this.names.add(name);
    if (this.timer === null) this.flush();
  }

  private flush(): void {
    this.timer = null;
    if (this.names.size === 0) return;
    const names = new Set(this.names);
    this.names.clear();
    this.act(names);
    this.timer = setTimeout(() => this.flush(), this.pause);
  }
}

/**
 * What happens anywhere in the project makes the lists that show it fetch themselves again: those that are open, soon.
 * A thousand runs that end in a second are one question for each list.
 */
export function useProjectEvents(): void {
  const client = useQueryClient();
  const refresh = (keys: Iterable<string>, missed: boolean) => {
    for (const key of keys) void client.invalidateQueries({ queryKey: [key], refetchType: PATCHED.has(key) && !missed ? "none" : "active" });
  };
  const [gathered] = useState(() => new Gathered((names) => refresh(names, false)));
  useTopic("project", (events) => gathered.add(concerned(events)), () => refresh([...ALL, "settings"], true));
}
