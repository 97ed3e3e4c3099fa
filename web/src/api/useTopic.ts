import { useEffect, useRef } from "react";
import { live, type LiveEvent } from "./live";

/** Receive the events of a topic while a component is mounted; null subscribes to nothing. */
export function useTopic(topic: string | null, onEvents: (events: LiveEvent[]) => void, onReset: () => void): void {
  const handlers = useRef({ onEvents, onReset });
  handlers.current = { onEvents, onReset };
  useEffect(() => {
    if (topic === null) return undefined;
    return live.subscribe(topic, {
      onEvents: (events) => handlers.current.onEvents(events),
      onReset: () => handlers.current.onReset(),
    });
  }, [topic]);
}
