import { useEffect, useRef } from "react";
import type { LiveEvent } from "../../api/live";

const MANY = 300;
const PAUSE = 500;
const STAY = 2_000;

/** Milliseconds for which events of a run of so many blocks are gathered: to draw thousands anew takes a while each time. */
export function pauseOf(blocks: number): number {
  return blocks > MANY ? PAUSE : 0;
}

/** Takes events as they come, and gives on all that came within a pause at once; without a pause at once. */
export function useGathered(): (events: readonly LiveEvent[], pause: number, give: (events: LiveEvent[]) => void) => void {
  const held = useRef<LiveEvent[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => {
    clearTimeout(timer.current ?? undefined);
    timer.current = null;
  }, []);
  return (events, pause, give) => {
    held.current.push(...events);
    if (timer.current !== null) return;
    const flush = () => {
      timer.current = null;
      give(held.current.splice(0));
    };
    if (pause > 0) timer.current = setTimeout(flush, pause);
    else flush();
  };
}

/** What was running last stays in view when the run is done; of many that run one after the other, one stays for a while. */
export function useFollowed(blocks: readonly { block: string; state: string; waits?: unknown }[]): string | null {
  const followed = useRef<{ block: string; since: number } | null>(null);
  // One between two attempts is what the run waits for, as long as nothing runs.
  const running = (blocks.find((block) => block.state === "running") ?? blocks.find((block) => block.waits))?.block;
  const rests = followed.current !== null && blocks.length > MANY && Date.now() - followed.current.since < STAY;
  if (running !== undefined && running !== followed.current?.block && !rests) followed.current = { block: running, since: Date.now() };
  return followed.current?.block ?? null;
}
