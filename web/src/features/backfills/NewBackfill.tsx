import { useState } from "react";
import type { BackfillPreview, BackfillRun } from "../../api/orchestration";
import { count } from "../../app/format";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorCard, Spinner } from "../../ui/feedback";
import { Field, Input, Select } from "../../ui/fields";
import { MomentInput } from "../../ui/MomentInput";
import { usePipelines } from "../pipelines/queries";
import { momentProblem, variablesProblem, wallClock } from "../triggers/draft";
import { usePipelineBlocks, usePipelineVariables } from "../triggers/queries";
import { FigureField, Toggle } from "../triggers/FormParts";
import { useSoon } from "../triggers/useSoon";
import { VariableLines } from "../triggers/VariableLines";
import { ZoneInput } from "../triggers/ZoneInput";
import { AT_ONCE, backfillBody, backfillProblem, emptyBackfill, figureProblems, INTERVALS, type BackfillBody, type BackfillDraft } from "./draft";
import { useBackfillPreview, useChangeBackfills } from "./queries";

/** What to run over, with the runs that this makes shown beside it while it is filled in. */
export function NewBackfill({ pipeline, onClose }: { pipeline: string; onClose: () => void }) {
  const [draft, setDraft] = useState(() => emptyBackfill(pipeline));
  const { create } = useChangeBackfills();
  const pipelines = usePipelines().data?.pipelines ?? [];
  const variables = usePipelineVariables(draft.pipeline);
  const blocks = usePipelineBlocks(draft.pipeline);
  const set = (changes: Partial<BackfillDraft>) => setDraft((held) => ({ ...held, ...changes }));
  const problem = backfillProblem(draft);
  const figures = figureProblems(draft);
  const now = problem ? "" : JSON.stringify(backfillBody(draft));
  const soon = useSoon(now, 250);
  // A block that lists the runs is run for it, so not before somebody says so.
  const [listed, setListed] = useState("");
  const text = draft.by === "block" ? (listed === now ? listed : "") : soon;
  const preview = useBackfillPreview(text ? (JSON.parse(text) as BackfillBody) : null);
  const total = !problem && text && preview.data && !preview.data.problem ? preview.data.total : null;
  const make = (start: boolean) => create.mutate({ ...backfillBody(draft), name: draft.name.trim() || `backfill of ${draft.pipeline}`, run: start });
  return (
    <Dialog
      open
      wide
      onOpenChange={onClose}
      title="New backfill"
      description="Runs a pipeline for a time that has passed, as if it had been run then."
      footer={<><Button busy={create.isPending} disabled={total === null} onClick={() => make(false)}>Make it, start later</Button><Button look="primary" busy={create.isPending} disabled={!total} onClick={() => make(true)}>{total ? `Start ${count(total)} ${total === 1 ? "run" : "runs"}` : "Start"}</Button></>}
    >
      <div className="flex flex-col gap-6 md:flex-row">
        <div className="flex min-w-0 flex-1 flex-col gap-3">
          {create.error && <ErrorCard error={create.error} />}
          <div className="grid grid-cols-1 gap-3 sm:grid-cols-2">
            <Field label="Pipeline">
              {(id) => <Select id={id} className="w-full" value={draft.pipeline} onChange={(event) => set({ pipeline: event.target.value, variables: [], block: "" })}><option value="">Choose a pipeline</option>{pipelines.map(({ uuid }) => <option key={uuid}>{uuid}</option>)}</Select>}
            </Field>
            <Field label="Name">{(id) => <Input id={id} value={draft.name} placeholder={draft.pipeline ? `backfill of ${draft.pipeline}` : ""} onChange={(event) => set({ name: event.target.value })} />}</Field>
          </div>
          <fieldset className="flex flex-wrap gap-x-5">
            <legend className="sr-only">One run for each</legend>
            <label className="inline-flex items-center gap-1.5"><input type="radio" name="by" checked={draft.by === "time"} onChange={() => set({ by: "time" })} />For each stretch of time</label>
            <label className="inline-flex items-center gap-1.5"><input type="radio" name="by" checked={draft.by === "block"} onChange={() => set({ by: "block" })} />For each item that a block lists</label>
          </fieldset>
          {draft.by === "time" ? (
            <div className="flex flex-wrap gap-3">
              <Field label="From">{(id) => <MomentInput id={id} className="!w-52" value={draft.start} aria-invalid={momentProblem(draft.start, draft.zone) !== ""} onChange={(start) => set({ start })} />}</Field>
              <Field label="To">{(id) => <MomentInput id={id} className="!w-52" value={draft.end} aria-invalid={momentProblem(draft.end, draft.zone) !== ""} onChange={(end) => set({ end })} />}</Field>
              <Field label="Time zone">{(id) => <ZoneInput id={id} value={draft.zone} onChange={(zone) => set({ zone })} />}</Field>
              <Field label="One run every" error={figures.units}>
                {(id) => (
                  <span className="flex gap-2">
                    <Input id={id} inputMode="numeric" className="!w-16" value={draft.units} aria-invalid={figures.units !== ""} onChange={(event) => set({ units: event.target.value })} />
                    <Select aria-label="Unit" value={draft.intervalType} onChange={(event) => set({ intervalType: event.target.value })}>{INTERVALS.map((one) => <option key={one.value} value={one.value}>{one.label}</option>)}</Select>
                  </span>
                )}
              </Field>
            </div>
          ) : (
            <Field label="Block" hint="It returns a list of maps: the variables of each run.">
              {(id) => (
                <span className="flex gap-2">
                  <Select id={id} className="max-w-64" value={draft.block} onChange={(event) => set({ block: event.target.value })}><option value="">Choose a block</option>{blocks.map(({ uuid }) => <option key={uuid}>{uuid}</option>)}</Select>
                  <Button disabled={!now || listed === now} busy={preview.isFetching} onClick={() => setListed(now)}>Run it and list the runs</Button>
                </span>
              )}
            </Field>
          )}
          {draft.by === "time" && <Toggle label="The end counts too" hint="A run for the time that begins with it." checked={draft.inclusive} onChange={(inclusive) => set({ inclusive })} />}
          <div className="flex flex-wrap gap-3">
            <FigureField label="Runs at once" hint={`Oldest first. Empty: ${AT_ONCE}, 0: no limit.`} placeholder={String(AT_ONCE)} least={0} value={draft.parallelism} onChange={(parallelism) => set({ parallelism })} />
            <FigureField label="Run what failed again" hint="So many times, by itself." placeholder="0" least={0} value={draft.retries} onChange={(retries) => set({ retries })} />
          </div>
          <div><p className="mb-1 font-medium">Variables</p><VariableLines lines={draft.variables} onChange={(lines) => set({ variables: lines })} problem={variablesProblem(draft.variables)} known={variables} /></div>
        </div>
        <Preview zone={draft.zone} problem={problem || (text === "" && draft.by === "block" ? "The block is run to list them, when you say so." : "")} data={preview.data} error={preview.error} waiting={!problem && preview.isFetching && !preview.data} />
      </div>
    </Dialog>
  );
}

const FIRST = 6;
const LAST = 3;

/** The first and the last of them: both ends are to be seen at once, however many lie between. */
export function ends(data: BackfillPreview | undefined): [BackfillRun[], BackfillRun[]] {
  if (!data) return [[], []];
  const known = data.last.length > 0 ? data.last : data.runs;
  return data.total <= FIRST + LAST + 1 ? [data.runs, []] : [data.runs.slice(0, FIRST), known.slice(-LAST)];
}

function Planned({ run, zone }: { run: BackfillRun; zone: string }) {
  const clock = (at: number) => wallClock(new Date(at * 1000).toISOString(), zone).replace("T", " ");
  return (
    <li className="tabular border-b border-s2 px-3 py-1 last:border-b-0" title={run.interval_start !== null && run.interval_end !== null ? `From ${clock(run.interval_start)} to ${clock(run.interval_end)}` : undefined}>
      {run.interval_start === null ? <code className="break-all font-mono text-code">{JSON.stringify(run.variables)}</code> : clock(run.execution_date)}
    </li>
  );
}

function Preview({ zone, problem, data, error, waiting }: { zone: string; problem: string; data: BackfillPreview | undefined; error: unknown; waiting: boolean }) {
  const words = problem || data?.problem || "";
  const [shown, end] = ends(data);
  const left = (data?.total ?? 0) - shown.length - end.length;
  return (
    <section aria-label="The runs it makes" className="flex w-full flex-none flex-col gap-2 md:w-72">
      <h3 className="font-semibold">The runs it makes</h3>
      <div role="status">
        {words && <p className="text-muted">{words}</p>}
        {!words && Boolean(error) && <ErrorCard error={error} />}
        {waiting && <Spinner label="Counting" />}
        {!words && data && <p className="tabular">{count(data.total)} {data.total === 1 ? "run" : "runs"}</p>}
      </div>
      {!words && !error && data && data.runs.length > 0 && (
        <ol className="max-h-72 overflow-y-auto rounded-card border border-line" tabIndex={0} aria-label="Their times">
          {shown.map((run, index) => <Planned key={index} run={run} zone={zone} />)}
          {left > 0 && <li className="border-b border-s2 px-3 py-1 text-muted">{count(left)} more between these</li>}
          {end.map((run, index) => <Planned key={`end ${index}`} run={run} zone={zone} />)}
        </ol>
      )}
    </section>
  );
}
