import { useSyncExternalStore } from "react";
import { seconds } from "../../../app/format";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for everything that runs; it stands still while nothing does. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => listeners.forEach((one) => one()), 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const now = () => Math.floor(Date.now() / 1000);

/** The time since `started`, in whole seconds, while something runs. */
export function Elapsed({ started }: { started: number }) {
  const at = useSyncExternalStore(subscribe, now);
  const past = Math.max(0, at - Math.floor(started));
  return <span className="tabular text-[12px] text-running">{past < 1 ? "" : seconds(past)}</span>;
}
