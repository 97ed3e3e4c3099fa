import { Link } from "@tanstack/react-router";
import { Clock } from "lucide-react";
import { useEffect, useState } from "react";
import type { BlockRun, RunDetail } from "../../api/types";
import { clock, seconds } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { FailureCard } from "../outputs/FailureCard";
import { waitWords } from "./waits";

/** Of a block between two attempts: when the next one begins, and why the last one failed. */
export function NextAttempt({ block, onOpen }: { block: BlockRun; onOpen: (file: string, line: number) => void }) {
  const words = useWords(block);
  if (!words) return null;
  return (
    <div className="flex max-h-[50%] flex-none flex-col gap-2 overflow-auto border-b border-line p-2">
      {/* A timer, no status: those who hear the page read are not told of every second. */}
      <p role="timer" className="flex items-center gap-1.5 font-medium"><Clock size={13} aria-hidden="true" className="flex-none text-muted" />{words}</p>
      {block.failure && <FailureCard failure={block.failure} label="Why its last attempt failed" onOpen={onOpen} compact />}
    </div>
  );
}

const SHOWN = 3;

/** Of a run: the blocks of it that wait for their next attempts. */
export function NextAttempts({ run }: { run: RunDetail }) {
  const blocks = run.blocks.filter((block) => block.waits);
  if (blocks.length === 0 || run.state !== "running") return null;
  return (
    <ul aria-label="Blocks that wait for their next attempts" className="w-full text-muted">
      {blocks.slice(0, SHOWN).map((block) => <Line key={block.block} run={run.run} block={block} />)}
      {blocks.length > SHOWN && <li>and {blocks.length - SHOWN} more blocks wait for their next attempts</li>}
    </ul>
  );
}

function Line({ run, block }: { run: string; block: BlockRun }) {
  const words = useWords(block);
  const why = block.failure && `${block.failure.kind}: ${block.failure.message.split("\n")[0] ?? ""}`;
  return (
    <li className="sm:truncate" title={why ?? undefined}>
      <Link to="/runs/$run" params={{ run }} search={{ block: block.block }} className="text-accent underline">{block.block}</Link>: {words}
      {why && <span className="text-failed"> {why}</span>}
    </li>
  );
}

/** The words, with the seconds that are left. */
function useWords(block: BlockRun): string {
  const zone = usePreferences((held) => held.zone);
  const due = block.waits?.due ?? null;
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (due === null) return undefined;
    setNow(Date.now() / 1000);
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, [due]);
  return due === null ? "" : waitWords(block.failure !== null, block.attempts, due - now, clock(due, zone), seconds);
}
