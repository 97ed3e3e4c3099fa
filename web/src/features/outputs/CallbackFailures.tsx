import { TriangleAlert } from "lucide-react";
import type { CallbackFailure } from "../../api/types";
import { FailureCard } from "./FailureCard";

/** What went wrong after a block had ended, apart from how it ended: that stands. */
export function CallbackFailures({ failures, onOpen }: { failures: readonly CallbackFailure[]; onOpen?: (file: string, line: number) => void }) {
  if (failures.length === 0) return null;
  return (
    <section aria-label="Callbacks that failed" className="flex flex-col gap-1.5">
      {failures.map((one, index) => (
        <div key={index} className="rounded-card border border-stale/50 bg-stale-soft p-2">
          <p className="mb-1.5 flex gap-1.5">
            <TriangleAlert size={14} className="mt-0.5 flex-none text-stale" aria-hidden="true" />
            <span>{one.callback ? <>The callback <b>{one.callback}</b> failed</> : "The callbacks could not be run"} after the block's {one.after}. How the block itself ended stands.</span>
          </p>
          <FailureCard failure={one.failure} onOpen={onOpen} compact label="Why the callback failed" />
        </div>
      ))}
    </section>
  );
}
