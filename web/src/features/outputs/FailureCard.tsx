import { useQueryClient } from "@tanstack/react-query";
import { ChevronDown, ChevronRight, Copy } from "lucide-react";
import { useState } from "react";
import type { Failure, Frame, ProjectInfo } from "../../api/types";
import { count } from "../../app/format";
import { Button } from "../../ui/Button";
import { toast } from "../../ui/toasts";

interface Props {
  failure: Failure;
  /** Opens a file at a line; those of the project are named from its folder on. */
  onOpen?: (file: string, line: number) => void;
  compact?: boolean;
  /** What the card is, where it is not about the block itself. */
  label?: string;
}

/** Why a block failed: the sentence, your own line first, what to do; frames of libraries folded away. */
export function FailureCard({ failure, onOpen, compact, label = "Why it failed" }: Props) {
  const [all, setAll] = useState(false);
  const [whole, setWhole] = useState(false);
  const beginning = beginningOf(failure.message);
  const folds = beginning !== failure.message;
  const shownMessage = whole ? failure.message : beginning;
  // Where the error came out of your code is the last of your frames.
  const own = withoutEchoes(failure.frames.filter((frame) => frame.own).reverse());
  const shown = all ? [...failure.frames].reverse() : own.slice(0, compact ? 1 : 4);
  const folded = failure.frames.length - shown.length;
  return (
    <div className="rounded-card border border-failed/40 bg-failed-soft" role="group" aria-label={label}>
      <div className="px-3 py-2">
        <p className="break-words text-ui">
          <b className="text-failed">{failure.kind}</b>
          {failure.message && <span className="whitespace-pre-wrap">: {shownMessage}</span>}
        </p>
        {folds && <button type="button" className="text-accent underline" onClick={() => setWhole(!whole)}>{whole ? "Show its beginning only" : `Show all ${count(failure.message.length)} characters`}</button>}
        {failure.hint && <p className="mt-0.5 break-words text-ui">{failure.hint}</p>}
      </div>
      {shown.map((frame, index) => (
        <FrameLine key={index} frame={frame} main={index === 0 && frame.own} onOpen={onOpen} />
      ))}
      {!compact && (failure.traceback || folded > 0) && (
        <div className="flex gap-1 border-t border-failed/20 px-2 py-1">
          {folded > 0 || all ? (
            <Button look="quiet" icon={all ? <ChevronDown size={14} aria-hidden="true" /> : <ChevronRight size={14} aria-hidden="true" />} onClick={() => setAll(!all)}>
              {all ? "Fold frames of libraries" : `${folded} more ${folded === 1 ? "frame" : "frames"}`}
            </Button>
          ) : null}
          {failure.traceback && (
            <Button look="quiet" icon={<Copy size={13} aria-hidden="true" />} onClick={() => void navigator.clipboard.writeText(failure.traceback).then(() => toast("Copied the traceback.", { seconds: 2 }))}>
              Copy traceback
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

/** A function that calls itself is told once. */
export function withoutEchoes(frames: readonly Frame[]): Frame[] {
  return frames.filter((frame, index) => {
    const before = frames[index - 1];
    return !before || before.file !== frame.file || before.line !== frame.line || before.function !== frame.function;
  });
}

const LONGEST = 500;
const LINES = 6;

/** So much of a message that what stands below it stays in sight. */
export function beginningOf(message: string): string {
  const lines = message.split("\n");
  const short = lines.length > LINES + 2 ? lines.slice(0, LINES).join("\n") : message;
  if (short.length <= LONGEST + 100) return short === message ? message : `${short}\n…`;
  return `${short.slice(0, LONGEST)}…`;
}

function FrameLine({ frame, main, onOpen }: { frame: Frame; main: boolean; onOpen?: Props["onOpen"] }) {
  const root = useQueryClient().getQueryData<ProjectInfo>(["project"])?.root;
  const file = root && frame.file.startsWith(`${root}/`) ? frame.file.slice(root.length + 1) : frame.file;
  const place = `${file}:${frame.line}`;
  return (
    <div className={main ? "border-t border-failed/20 bg-s0 px-3 py-1.5" : "border-t border-failed/20 px-3 py-1"}>
      <div className="text-meta text-muted">
        {onOpen && frame.own ? (
          <button type="button" className="break-all text-left font-mono text-accent underline" onClick={() => onOpen(file, frame.line)}>{place}</button>
        ) : (
          <span className="break-all font-mono">{place}</span>
        )}{" "}
        in {frame.function}
      </div>
      {frame.text && <pre tabIndex={0} aria-label={`Line ${frame.line}`} className={main ? "overflow-x-auto font-mono text-code font-semibold" : "overflow-x-auto font-mono text-code text-muted"}>{frame.text}</pre>}
    </div>
  );
}
