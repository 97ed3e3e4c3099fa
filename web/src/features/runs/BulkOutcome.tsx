import { Link } from "@tanstack/react-router";
import { AlertTriangle, X } from "lucide-react";
import { IconButton } from "../../ui/Button";
import { byReason, doneWords, some, type Outcome } from "./bulk";

const NAMED = 5;

/** Which of the marked runs were left as they are, and why; it stays until it has been read. */
export function BulkOutcome({ outcome, onClose }: { outcome: Outcome; onClose: () => void }) {
  const left = outcome.refused.length;
  return (
    <section role="alert" aria-label="What came of it" className="flex flex-none gap-2 border-y border-line bg-stale-soft px-4 py-2">
      <AlertTriangle size={15} aria-hidden="true" className="mt-px flex-none text-stale" />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{doneWords(outcome)} {some(left)} {left === 1 ? "was left as it is" : "were left as they are"}:</p>
        <ul className="max-h-40 overflow-y-auto">
          {byReason(outcome.refused).map(({ message, runs }) => (
            <li key={message} className="break-words">
              {runs.length > 1 && <b className="tabular">{some(runs.length)}: </b>}{message}{" "}
              {runs.slice(0, NAMED).map((run, index) => <span key={run}>{index > 0 && ", "}<Link to="/runs/$run" params={{ run }} className="font-mono text-code text-accent underline">{run}</Link></span>)}
              {runs.length > NAMED && <span className="text-muted"> and {runs.length - NAMED} more</span>}
            </li>
          ))}
        </ul>
      </div>
      <IconButton label="Dismiss" onClick={onClose}><X size={14} aria-hidden="true" /></IconButton>
    </section>
  );
}
