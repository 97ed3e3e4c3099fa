import { Field, Input, Select, TextArea } from "../../ui/fields";
import { usePipelines } from "../pipelines/queries";
import { LEAST_PRIORITY, problemsOf, type Draft } from "./draft";
import { FigureField, Part, SpanField, Toggle } from "./FormParts";
import { KINDS } from "./list";
import { AfterFields, CallFields, EventFields } from "./OtherKinds";
import { usePipelineVariables } from "./queries";
import { ScheduleFields } from "./ScheduleFields";
import { VariableLines } from "./VariableLines";

interface Props {
  draft: Draft;
  /** A trigger that exists stays with its pipeline. */
  fixed: boolean;
  /** Saving was tried: what is missing is said. */
  tried: boolean;
  onChange: (changes: Partial<Draft>) => void;
}

/** Every setting of a trigger, in plain words; those that most leave alone last. */
export function TriggerForm({ draft, fixed, tried, onChange }: Props) {
  const pipelines = usePipelines().data?.pipelines ?? [];
  const problems = tried ? problemsOf(draft) : {};
  const variables = usePipelineVariables(draft.pipeline);
  return (
    <div className="flex flex-col gap-6">
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2">
        <Field label="Name" error={problems.name}>{(id) => <Input id={id} autoFocus={!fixed} value={draft.name} aria-invalid={problems.name !== undefined} onChange={(event) => onChange({ name: event.target.value })} />}</Field>
        <Field label="Pipeline" error={problems.pipeline}>
          {(id) => (
            <Select id={id} className="w-full" value={draft.pipeline} disabled={fixed} aria-invalid={problems.pipeline !== undefined} onChange={(event) => onChange({ pipeline: event.target.value })}>
              <option value="">Choose a pipeline</option>
              {pipelines.map(({ uuid }) => <option key={uuid}>{uuid}</option>)}
              {draft.pipeline && !pipelines.some(({ uuid }) => uuid === draft.pipeline) && <option>{draft.pipeline}</option>}
            </Select>
          )}
        </Field>
      </div>
      <Part title="When it starts">
        <fieldset>
          <legend className="sr-only">Started</legend>
          <div className="flex flex-wrap gap-x-5 gap-y-1">
            {Object.entries(KINDS).map(([kind, words]) => (
              <label key={kind} className="inline-flex items-center gap-1.5">
                <input type="radio" name="kind" value={kind} checked={draft.kind === kind} onChange={() => onChange({ kind })} />
                {words.charAt(0).toUpperCase() + words.slice(1)}
              </label>
            ))}
          </div>
        </fieldset>
        {draft.kind === "time" && <ScheduleFields draft={draft} onChange={onChange} />}
        {draft.kind === "api" && <CallFields draft={draft} tried={tried} onChange={onChange} />}
        {draft.kind === "event" && <EventFields draft={draft} tried={tried} onChange={onChange} />}
        {draft.kind === "dependency" && <AfterFields draft={draft} tried={tried} onChange={onChange} />}
      </Part>
      <Part title="Variables" note="Of the runs that it starts: they count before those of the pipeline.">
        <VariableLines lines={draft.variables} onChange={(lines) => onChange({ variables: lines })} problem={problemsOf(draft).variables} known={variables} />
      </Part>
      <Part title="Limits">
        <div className="flex flex-wrap gap-x-6 gap-y-3">
          <FigureField label="Runs at once" hint="Of this trigger." value={draft.runLimit} placeholder="no limit" onChange={(runLimit) => onChange({ runLimit })} />
          <Field label="A run too many">
            {(id) => (
              <Select id={id} value={draft.onLimit} onChange={(event) => onChange({ onLimit: event.target.value })}>
                <option value="">As the pipeline says</option>
                <option value="wait">Waits for its turn</option>
                <option value="skip">Is left out</option>
              </Select>
            )}
          </Field>
          <FigureField label="Priority" hint="Higher goes first." value={draft.priority} placeholder="0" least={LEAST_PRIORITY} onChange={(priority) => onChange({ priority })} />
        </div>
        <div className="flex flex-wrap gap-x-6 gap-y-3">
          <SpanField label="Time limit of a run" hint="Then it is stopped." value={draft.timeout} onChange={(timeout) => onChange({ timeout })} />
          {draft.timeout.text.trim() && (
            <Field label="and counts as">
              {(id) => <Select id={id} value={draft.timeoutStatus} onChange={(event) => onChange({ timeoutStatus: event.target.value })}><option value="failed">failed</option><option value="cancelled">cancelled</option></Select>}
            </Field>
          )}
          <SpanField label="Expected to be done within (SLA)" hint="After the time that the run is for. It goes on, and an alert is sent." value={draft.sla} onChange={(sla) => onChange({ sla })} />
        </div>
        <Toggle label="Leave a run out while the one before still runs" checked={draft.skipIfRunning} onChange={(skipIfRunning) => onChange({ skipIfRunning })} />
        <Toggle label="Go on when a block fails" hint="Blocks that do not need it run; the run counts as failed at its end." checked={draft.allowToFail} onChange={(allowToFail) => onChange({ allowToFail })} />
      </Part>
      <Part title="About it">
        <Field label="Description">{(id) => <TextArea id={id} rows={2} value={draft.description} onChange={(event) => onChange({ description: event.target.value })} />}</Field>
        <div className="grid grid-cols-1 gap-3 sm:grid-cols-2">
          <Field label="Tags" hint="With commas between them.">{(id) => <Input id={id} value={draft.tags} onChange={(event) => onChange({ tags: event.target.value })} />}</Field>
          <Field label="Only in the environments" hint="As dev, prod. Empty: in all of them.">{(id) => <Input id={id} value={draft.envs} onChange={(event) => onChange({ envs: event.target.value })} />}</Field>
        </div>
        {!fixed && <Toggle label="Turn it on" hint="Otherwise it starts nothing until somebody does." checked={draft.active} onChange={(active) => onChange({ active })} />}
      </Part>
    </div>
  );
}
