import { memo } from "react";
import type { BlockStatus } from "../../api/types";
import { CallbackFailures } from "./CallbackFailures";
import { FailureCard } from "./FailureCard";
import { describe, hasRows, pictureOf, PreviewTable } from "./preview";
import { pieces } from "./ansi";
import { TestList } from "./TestList";

export interface OutputStripProps {
  status: BlockStatus;
  /** The last lines that the block has printed, newest last. */
  printed?: readonly { key: number | string; text: string; stream: string }[];
  onOpen?: (file: string, line: number) => void;
  /** Shows the whole output at the right. */
  onShow?: (output: string) => void;
  onLogs?: () => void;
}

const LINES = 12;

/** What a block's run came to, right under its code: failure, tests, prints, the first rows. No request is made. */
export const OutputStrip = memo(function OutputStrip({ status, printed = [], onOpen, onShow, onLogs }: OutputStripProps) {
  const outputs = status.outputs.filter((output) => output.kind !== "nothing");
  const failed = status.state === "failed" && status.failure !== null;
  const leftOut = status.state === "condition_failed";
  const after = status.callback_failures;
  if (!failed && !leftOut && after.length === 0 && outputs.length === 0 && printed.length === 0 && status.tests.length === 0) return null;
  const lines = printed.slice(-LINES);
  return (
    <div className="flex flex-col gap-1.5 px-3 py-2">
      {failed && status.failure && <FailureCard failure={status.failure} onOpen={onOpen} />}
      {leftOut && <p className="text-muted">{whyLeftOut(status.failure)}{outputs.length > 0 && " Below is what an earlier run put out."}</p>}
      {status.tests.length > 0 && <TestList tests={status.tests} />}
      {lines.length > 0 && (
        <div className="rounded-control bg-s1 px-2 py-1">
          <pre className="overflow-x-auto font-mono text-code" aria-label="Printed">
            {lines.map((line) => (
              <div key={line.key} className={line.stream === "stderr" ? "text-stale" : undefined}>
                {pieces(line.text.slice(0, 2000)).map((piece, index) => (
                  <span key={index} style={{ color: piece.colour ?? undefined }}>{piece.text}</span>
                ))}
              </div>
            ))}
          </pre>
          {printed.length > lines.length && onLogs && (
            <button type="button" className="text-meta text-accent underline" onClick={onLogs}>All that it printed</button>
          )}
        </div>
      )}
      {!failed &&
        outputs.slice(0, 4).map((output) => {
          const picture = pictureOf(output.preview);
          return (
            <div key={output.name} className="min-w-0">
              <div className="flex items-center gap-2 text-[12px]">
                {onShow ? (
                  <button type="button" className="tabular font-medium text-accent hover:underline" onClick={() => onShow(output.name)}>{describe(output)}</button>
                ) : (
                  <span className="tabular font-medium">{describe(output)}</span>
                )}
                {outputs.length > 1 && <span className="text-muted">{output.name}</span>}
              </div>
              {hasRows(output) && <PreviewTable output={output} />}
              {picture?.mime === "image/png" && picture.base64 && <img src={`data:image/png;base64,${picture.base64}`} alt={`Output ${output.name}`} className="max-h-56 max-w-full bg-white" />}
              {!hasRows(output) && !picture && output.preview !== null && output.preview !== undefined && (
                <pre className="max-h-32 overflow-hidden whitespace-pre-wrap break-words font-mono text-code text-muted">{shortText(output.preview)}</pre>
              )}
            </div>
          );
        })}
      <CallbackFailures failures={after} onOpen={onOpen} />
    </div>
  );
});

/** Why a block was not run although nothing failed. */
export function whyLeftOut(failure: BlockStatus["failure"]): string {
  return failure?.kind === "condition" ? `Not run: ${failure.message}.` : "Not run: a block before it was left out by its condition.";
}

function shortText(preview: unknown): string {
  const text = typeof preview === "string" ? preview : JSON.stringify(preview, null, 1);
  return text.length > 1000 ? `${text.slice(0, 1000)}…` : text;
}
