import { useQueryClient } from "@tanstack/react-query";
import type { LiveEvent } from "../api/live";
import { useTopic } from "../api/useTopic";

/** Which lists an event concerns, by the first part of their query keys. */
const CONCERNS: Record<string, readonly string[]> = {
  pipelines_changed: ["pipelines", "home", "triggers"],
  run_created: ["runs", "home", "triggers", "backfills", "explain"],
  run_started: ["runs", "pipelines", "home", "triggers", "backfills", "explain"],
  run_waiting: ["runs", "explain"],
  run_ended: ["runs", "pipelines", "home", "triggers", "backfills", "monitor", "explain"],
  runs_deleted: ["runs", "pipelines", "home", "monitor"],
  trigger_changed: ["triggers", "explain", "home"],
  backfill_changed: ["backfills"],
  alert: ["alerts", "home"],
  files_changed: ["files", "git", "home"],
  product_published: ["products", "product", "versions"],
};
const ALL = [...new Set(Object.values(CONCERNS).flat())];
/** Lists without end are changed by what the events say where they are open, and read again when they are opened. */
const PATCHED = new Set(["runs"]);
/** Settings are a file like any other. */
const SETTINGS = "metadata.yaml";

export function concerned(events: readonly LiveEvent[]): Set<string> {
  const keys = new Set(events.flatMap((event) => CONCERNS[event.type] ?? []));
  const touched = events.flatMap((event) => (event.type === "files_changed" ? (event.paths as { path: string }[]) : []));
  if (touched.some(({ path }) => path === SETTINGS)) keys.add("settings").add("project");
  return keys;
}

/** What happens anywhere in the project makes the lists that show it fetch themselves again: those that are open, now. */
export function useProjectEvents(): void {
  const client = useQueryClient();
  const refresh = (keys: Iterable<string>, missed: boolean) => {
    for (const key of keys) void client.invalidateQueries({ queryKey: [key], refetchType: PATCHED.has(key) && !missed ? "none" : "active" });
  };
  useTopic("project", (events) => refresh(concerned(events), false), () => refresh([...ALL, "settings"], true));
}
