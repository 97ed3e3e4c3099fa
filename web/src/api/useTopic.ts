import { useEffect, useRef } from "react";
import { live, type LiveEvent } from "./live";

/**
 * Receive the events of a topic while a component is mounted; null subscribes to nothing. `since` is the number of the
 * snapshot that the events are applied to, read when the subscription begins.
 */
export function useTopic(topic: string | null, onEvents: (events: LiveEvent[]) => void, onReset: () => void, since: number | null = null): void {
  const handlers = useRef({ onEvents, onReset, since });
  handlers.current = { onEvents, onReset, since };
  useEffect(() => {
    if (topic === null) return undefined;
    const handler = {
      onEvents: (events: LiveEvent[]) => handlers.current.onEvents(events),
      onReset: () => handlers.current.onReset(),
    };
    return live.subscribe(topic, handler, handlers.current.since);
  }, [topic]);
}
