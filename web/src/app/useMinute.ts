import { useEffect, useState } from "react";

/** Draws a component anew every quarter of a minute, so that "in 5 min" stays true. Nothing is asked for. */
export function useMinute(): void {
  const [, setRound] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setRound((round) => round + 1), 15_000);
    return () => clearInterval(timer);
  }, []);
}
