import { useQueryClient } from "@tanstack/react-query";
import type { LiveEvent } from "../api/live";
import { useTopic } from "../api/useTopic";

/** Which lists an event concerns, by the first part of their query keys. */
const CONCERNS: Record<string, readonly string[]> = {
  pipelines_changed: ["pipelines", "home"],
  run_started: ["runs", "pipelines", "home"],
  run_ended: ["runs", "pipelines", "home"],
  files_changed: ["files", "git", "home"],
  product_published: ["products", "product", "versions"],
};
const ALL = [...new Set(Object.values(CONCERNS).flat())];
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
  const refresh = (keys: Iterable<string>) => {
    for (const key of keys) void client.invalidateQueries({ queryKey: [key] });
  };
  useTopic("project", (events) => refresh(concerned(events)), () => refresh([...ALL, "settings"]));
}
