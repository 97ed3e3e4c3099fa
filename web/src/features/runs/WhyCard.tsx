import { Link } from "@tanstack/react-router";
import { History, Pencil, RotateCw } from "lucide-react";
import type { Failure } from "../../api/types";
import { clock, count, counted, dateTime } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { Button } from "../../ui/Button";
import { ErrorCard, Spinner } from "../../ui/feedback";
import { Badge } from "../../ui/status";
import { MuteButton } from "../alerts/MuteButton";
import { pieces } from "../outputs/ansi";
import { FailureCard } from "../outputs/FailureCard";
import { sameWords, useLastLines, useNewest, useRunVariables, useSameError, useWhy, type Why } from "./queries";

interface Props {
  run: string;
  pipeline: string;
  block: string;
  partition: string | undefined;
  onOpen: (file: string, line: number) => void;
  /** Shows all of its log. */
  onLogs: () => void;
  busy?: boolean;
  /** None while the run is under way. */
  onRetry: (() => void) | null;
}

/** Why a block failed, in one place: the error and your line, what it was given, what has changed since it last went well. */
export function WhyCard({ run, pipeline, block, partition, onOpen, onLogs, busy, onRetry }: Props) {
  const why = useWhy(run, block);
  const varied = Object.keys(useRunVariables(run).data ?? {}).length > 0;
  if (why.isPending) return <div className="p-3"><Spinner label="Looking into the failure" /></div>;
  if (why.error) return <ErrorCard className="m-3" error={why.error} />;
  const { failure, inputs, changed_since_good: changes, last_good: good, known } = why.data;
  const notThere = inputs.length > 0 || varied ? whyNotInEditor(block, partition) : "";
  return (
    <div className="flex flex-col gap-4 p-3">
      <FailureCard failure={failure} onOpen={onOpen} />
      <div className="flex flex-wrap gap-2">
        {onRetry && <Button look="primary" icon={<RotateCw size={13} aria-hidden="true" />} busy={busy} onClick={onRetry}>Retry from here</Button>}
        <Link to="/pipelines/$pipeline" params={{ pipeline }} search={{ block: block.split(":")[0], tab: "data" }} className="inline-flex h-7 items-center gap-1.5 rounded-control border border-line px-2.5 font-medium hover:bg-s2">
          <Pencil size={13} aria-hidden="true" />Open in the editor
        </Link>
        {(inputs.length > 0 || varied) && !notThere && (
          <Link to="/pipelines/$pipeline" params={{ pipeline }} search={{ block, tab: "data", given: `${block}@${run}` }} title="The editor runs the block on the versions and variables that it was given in this run" className="inline-flex h-7 items-center gap-1.5 rounded-control border border-line px-2.5 font-medium hover:bg-s2">
            <History size={13} aria-hidden="true" />Open with these {inputs.length > 0 ? "inputs" : "variables"}
          </Link>
        )}
        <MuteButton pipeline={pipeline} block={block.split(":")[0] ?? block} />
      </div>
      <Seen run={run} pipeline={pipeline} block={block} failure={failure} />
      <section>
        <h2 className="mb-1 font-semibold">What it was given</h2>
        {notThere && <p className="mb-1 text-[12px] text-muted">{notThere}</p>}
        {inputs.length > 0 && !notThere && <Newer pipeline={pipeline} inputs={inputs} />}
        {inputs.length === 0 ? <p className="text-muted">It takes no input.</p> : (
          <ul className="divide-y divide-line rounded-card border border-line">
            {inputs.map((input) => (
              <li key={input.block} className="flex items-center gap-3 px-3 py-1.5">
                <Link to="/data/$pipeline/$block" params={{ pipeline, block: input.block }} search={{ version: input.ref.version, ...(partition ? { partition } : {}) }} className="font-medium text-accent hover:underline">{input.block}</Link>
                <span className="tabular text-muted">{input.rows === null ? "" : `${counted(input.rows, "row")}${input.columns === null ? "" : ` × ${counted(input.columns, "column")}`}`}</span>
                <span className="ml-auto font-mono text-meta text-muted">{input.ref.version}</span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <LastLines run={run} block={block} onLogs={onLogs} />
      <section>
        <h2 className="mb-1 font-semibold">What has changed since it last went well</h2>
        {!good ? <p className="text-muted">It has never gone well before.</p> : (
          <>
            <p className="mb-1 text-[12px] text-muted">That was {dateTime(good.at)}.{!known && " The process ended without a word about its code, so the files of now are compared."}</p>
            {changes.length === 0 ? <p className="text-muted">Nothing that is known here: the same code, inputs, variables and packages. What it reads from outside may have changed.</p> : (
              <ul className="divide-y divide-line rounded-card border border-line">
                {changes.map((change, index) => (
                  <li key={index} className="flex flex-wrap items-center gap-x-3 px-3 py-1.5">
                    <Badge>{change.kind}</Badge>
                    {change.kind === "code" ? (
                      <Link to="/files" search={{ path: change.what }} className="font-medium text-accent hover:underline">{change.what}</Link>
                    ) : (
                      <span className="font-medium">{change.what}</span>
                    )}
                    <span className="min-w-0 truncate text-muted" title={`${change.before ?? "nothing"} → ${change.after ?? "nothing"}`}>{brief(change.kind, change.before)} → {brief(change.kind, change.after)}</span>
                  </li>
                ))}
              </ul>
            )}
          </>
        )}
      </section>
    </div>
  );
}

/** Why the editor cannot run a block on what it was given here; empty where it can. */
export function whyNotInEditor(block: string, partition: string | undefined): string {
  if (partition) return `They are outputs of partition ${partition}. The editor runs on outputs of no partition, so it cannot take these; retry the run from here instead.`;
  const [parent, child] = block.split(":");
  return child === undefined ? "" : `This child ran on one item of them. The editor runs ${parent} for every item, so it cannot take these alone; retry the run from here instead.`;
}

/** What was said last is seen first. */
function toEnd(box: HTMLElement | null): void {
  if (box) box.scrollTop = box.scrollHeight;
}

/** The end of what the block printed and logged: where it failed. */
function LastLines({ run, block, onLogs }: { run: string; block: string; onLogs: () => void }) {
  const { data } = useLastLines(run, block);
  const zone = usePreferences((held) => held.zone);
  if (!data) return null;
  // The error itself stands above; its traceback is no news.
  const lines = data.lines.filter((line) => !line.text.startsWith("Traceback (most recent call last)"));
  if (lines.length === 0) return null;
  return (
    <section>
      <div className="mb-1 flex items-baseline justify-between gap-3"><h2 className="font-semibold">What it said last</h2><button type="button" className="text-accent hover:underline" onClick={onLogs}>All of its log</button></div>
      <pre key={`${run} ${block}`} ref={toEnd} tabIndex={0} aria-label="The last lines of its log" className="max-h-64 overflow-auto rounded-card border border-line bg-s1 px-3 py-1.5 font-mono text-code">
        {lines.map((line, index) => <span key={index} className="block"><span className="mr-2 select-none text-muted">{clock(line.at, zone)}</span>{pieces(line.text.slice(0, 2000)).map((piece, place) => <span key={place} style={{ color: piece.colour ?? undefined }}>{piece.text}</span>)}</span>)}
      </pre>
    </section>
  );
}

/** Whether the editor, which works on the newest outputs, has the same inputs still. */
function Newer({ pipeline, inputs }: { pipeline: string; inputs: Why["inputs"] }) {
  const { data } = useNewest(pipeline);
  if (!data) return null;
  const changed = inputs.filter((input) => data.blocks[input.block] && data.blocks[input.block]?.version !== input.ref.version);
  if (changed.length === 0) return <p className="mb-1 text-[12px] text-muted">The editor has these inputs too: nothing newer has come since.</p>;
  return <p className="mb-1 text-[12px] text-muted">{changed.map((input) => input.block).join(", ")} {changed.length === 1 ? "has" : "have"} put out something newer since, which the editor works on; what is listed here is what the block was given.</p>;
}

/** Whether it is the first time: how many runs of the pipeline failed with the same words. */
function Seen({ run, pipeline, block, failure }: { run: string; pipeline: string; block: string; failure: Failure }) {
  const words = sameWords(failure);
  const { data } = useSameError(pipeline, block, words);
  if (!data) return null;
  const others = data.runs.filter((one) => one.run !== run);
  const oldest = others.at(-1);
  if (!oldest) return <p className="text-muted">No other run of this pipeline has failed with this error.</p>;
  return (
    <p>
      <Link to="/runs" search={{ pipeline, state: "failed", q: words }} className="font-medium text-accent underline">{data.next ? "More than " : ""}{count(others.length)} other {others.length === 1 ? "run" : "runs"}</Link> failed with the same error, {data.next ? "lately since" : "since"} {dateTime(oldest.started)}.
    </p>
  );
}

/** A file is told by the beginning of its hash; everything else as it is. */
function brief(kind: string, text: string | null): string {
  if (text === null) return "nothing";
  return kind === "code" ? text.slice(0, 8) : text;
}
