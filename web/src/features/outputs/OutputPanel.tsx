import { Play } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type { BlockStatus, OutputSummary } from "../../api/types";
import { ago, bytes, counted } from "../../app/format";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Select } from "../../ui/fields";
import { shapeOf } from "./array";
import { ArrayPanel } from "./ArrayPanel";
import { FailureCard } from "./FailureCard";
import { whyLeftOut } from "./OutputStrip";
import { columnsOf, describe } from "./preview";
import { downloadUrl, useValue, useVersions, type OutputRef, type Version } from "./queries";
import { TablePanel } from "./TablePanel";
import { TestList } from "./TestList";

// Most outputs are tables: what shows the others is loaded for the first of them.
const MimeView = lazy(() => import("./MimeView").then((module) => ({ default: module.MimeView })));

const TABLES = new Set(["table", "series"]);

export interface OutputPanelProps {
  pipeline: string;
  block: string;
  status: BlockStatus | undefined;
  /** Which output and version are shown; kept in the address by the page. */
  output?: string;
  version?: string;
  /** Of a run that is for a certain time. */
  partition?: string;
  /** Without it, the output is chosen here, and the version stays. */
  onChange?: (chosen: { output?: string; version?: string }) => void;
  onOpen?: (file: string, line: number) => void;
  onRun?: () => void;
}

/** Everything that a block has put out: each output in full, of any version, with how its run went. */
export function OutputPanel({ pipeline, block, status, output: wanted, version, partition, onChange, onOpen, onRun }: OutputPanelProps) {
  const [own, setOwn] = useState<string>();
  const output = onChange ? wanted : own;
  const choose = onChange ?? ((chosen: { output?: string }) => setOwn(chosen.output));
  const newest = status?.version ?? null;
  const versions = useVersions(pipeline, block, onChange ? newest : null);
  const list = versions.data?.versions ?? [];
  const outputs = (status?.outputs ?? []).filter((one) => one.kind !== "nothing");
  const chosen = outputs.find((one) => one.name === output) ?? outputs[0];
  const failed = status?.state === "failed" && status.failure;
  if (!status || (status.state === "never" && !newest)) {
    return (
      <EmptyState title="No output yet" action={onRun && <Button look="primary" icon={<Play size={14} aria-hidden="true" />} onClick={onRun}>Run {block}</Button>}>
        Run the block: everything that it returns is kept and shown here.
      </EmptyState>
    );
  }
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex min-h-9 flex-none flex-wrap items-center gap-2 border-b border-line px-2 py-1">
        {outputs.length > 1 ? (
          <Select value={chosen?.name ?? ""} onChange={(event) => choose({ output: event.target.value, version })} aria-label="Output">
            {outputs.map((one) => <option key={one.name} value={one.name}>{one.name} · {describe(one)}</option>)}
          </Select>
        ) : (
          <b className="truncate font-semibold">{block}</b>
        )}
        {list.length > 0 && onChange && (
          <Select value={version || newest || ""} onChange={(event) => onChange({ output, version: event.target.value === newest ? undefined : event.target.value })} aria-label="Version">
            {list.map((one) => <option key={one.version} value={one.version}>{versionLabel(one, one.version === newest)}</option>)}
          </Select>
        )}
        {status.changed.length > 0 && !version && <span className="truncate text-meta text-muted" title="Compared with the version before">{status.changed.join(", ")}</span>}
        {chosen?.bytes ? <span className="ml-auto text-meta text-muted tabular">{bytes(chosen.bytes)}</span> : null}
      </div>
      {failed && (
        <div className="max-h-[45%] flex-none overflow-y-auto border-b border-line p-2">
          <FailureCard failure={failed} onOpen={onOpen} />
          {newest && <p className="mt-1 text-meta text-muted">Below is the output of the last run that went well.</p>}
        </div>
      )}
      {status.tests.length > 0 && !version && <div className="flex-none border-b border-line px-3 py-1"><TestList tests={status.tests} /></div>}
      <div className="min-h-0 flex-1">
        {chosen && newest ? (
          <OneOutput key={`${chosen.name}:${version || newest}`} target={{ pipeline, block, output: chosen.name, version: version || newest, partition }} summary={chosen} />
        ) : !failed ? (
          <Nothing state={status.state} failure={status.failure} />
        ) : null}
      </div>
    </div>
  );
}

/** Why there is no output, by how the block stands. */
function Nothing({ state, failure }: Pick<BlockStatus, "state" | "failure">) {
  if (state === "running" || state === "queued") return <EmptyState title="Running"><Spinner label="The output appears when the block is done" /></EmptyState>;
  if (state === "cancelled" || state === "interrupted") return <EmptyState title="Interrupted">The block was ended before it was done; nothing of it was stored.</EmptyState>;
  if (state === "upstream_failed") return <EmptyState title="Not run">A block above it failed.</EmptyState>;
  if (state === "condition_failed") return <EmptyState title="Not run">{whyLeftOut(failure).replace("Not run: ", "")}</EmptyState>;
  return <EmptyState title="No output">The block returned nothing.</EmptyState>;
}

export function versionLabel(version: Version, newest: boolean): string {
  const rows = version.rows === null ? "" : ` · ${counted(version.rows, "row")}`;
  return `v${version.number}${newest ? " (newest)" : ""} · ${ago(version.at)}${rows}${version.good ? "" : " · tests failed"}`;
}

/** One output in full, by its kind. */
export function OneOutput({ target, summary }: { target: OutputRef; summary: OutputSummary }) {
  if (TABLES.has(summary.kind)) return <TablePanel target={target} columns={summary.columns} width={columnsOf(summary)} total={summary.rows} />;
  const shape = shapeOf(summary)?.shape;
  if (shape && shape.length > 0) return <ArrayPanel target={target} summary={summary} />;
  return <Value target={target} />;
}

function Value({ target }: { target: OutputRef }) {
  const value = useValue(target, true);
  if (value.isPending) return <div className="p-3"><Spinner label="Reading the output" /></div>;
  if (value.error) return <ErrorCard className="m-3" error={value.error} />;
  return (
    <div className="flex h-full min-h-0 flex-col">
      {value.data.truncated && (
        <p className="border-b border-line bg-stale-soft px-3 py-1 text-[12px] text-stale">
          This is the beginning of it{value.data.size ? `: the whole is ${bytes(value.data.size)}` : ""}. <a className="underline" href={downloadUrl(target, "raw", null)} download>Download all of it</a>
        </p>
      )}
      <div className="min-h-0 flex-1"><Suspense fallback={<div className="p-3"><Spinner label="Reading the output" /></div>}><MimeView mime={value.data.mime} target={target} /></Suspense></div>
    </div>
  );
}
