import { Plus, X } from "lucide-react";
import { Button, IconButton } from "../../ui/Button";
import { Field, Input, Select, TextArea } from "../../ui/fields";
import { usePipelines } from "../pipelines/queries";
import { problemsOf, type Draft, type Upstream } from "./draft";
import { FigureField } from "./FormParts";
import { usePipelineBlocks, useTriggersOf } from "./queries";

interface Props {
  draft: Draft;
  tried: boolean;
  onChange: (changes: Partial<Draft>) => void;
}

/** After which pipelines, triggers or outputs it starts. */
export function AfterFields({ draft, tried, onChange }: Props) {
  const pipelines = usePipelines().data?.pipelines ?? [];
  const set = (index: number, changes: Partial<Upstream>) => onChange({ after: draft.after.map((one, at) => (at === index ? { ...one, ...changes } : one)) });
  const problem = tried ? problemsOf(draft).after : undefined;
  return (
    <div className="flex flex-col gap-2" role="group" aria-label="Starts after">
      {draft.after.map((one, index) => (
        <div key={index} className="flex flex-wrap items-end gap-2">
          <Field label={index === 0 ? "After a run of" : "and of"} error={index === 0 ? problem : undefined}>
            {(id) => (
              <Select id={id} value={one.pipeline} className="max-w-56" onChange={(event) => set(index, { pipeline: event.target.value, trigger: "", product: "" })}>
                <option value="">Choose a pipeline</option>
                {pipelines.map(({ uuid }) => <option key={uuid}>{uuid}</option>)}
                {one.pipeline && !pipelines.some(({ uuid }) => uuid === one.pipeline) && <option>{one.pipeline}</option>}
              </Select>
            )}
          </Field>
          <StartedBy upstream={one} onChange={(trigger) => set(index, { trigger })} />
          <Product upstream={one} onChange={(product) => set(index, { product, trigger: "" })} />
          {draft.after.length > 1 && <IconButton label={`Do not wait for ${one.pipeline || "this"}`} className="mb-0.5" onClick={() => onChange({ after: draft.after.filter((_, at) => at !== index) })}><X size={14} aria-hidden="true" /></IconButton>}
        </div>
      ))}
      <div><Button look="quiet" icon={<Plus size={13} aria-hidden="true" />} onClick={() => onChange({ after: [...draft.after, { pipeline: "", trigger: "", product: "" }] })}>Another one</Button></div>
      <p className="text-[12px] text-muted">Only runs that ended well count.{draft.after.length > 1 && " It starts when all of them have."}</p>
    </div>
  );
}

/** Only the runs that one of its triggers has started. */
function StartedBy({ upstream, onChange }: { upstream: Upstream; onChange: (trigger: string) => void }) {
  const triggers = useTriggersOf(upstream.pipeline);
  return (
    <Field label="started by">
      {(id) => (
        <Select id={id} value={upstream.trigger} className="max-w-44" disabled={upstream.product !== ""} onChange={(event) => onChange(event.target.value)}>
          <option value="">anything</option>
          {triggers.map(({ id: key, name }) => <option key={key}>{name}</option>)}
          {upstream.trigger && !triggers.some((trigger) => trigger.name === upstream.trigger) && <option>{upstream.trigger}</option>}
        </Select>
      )}
    </Field>
  );
}

/** One output of the pipeline instead of its runs. */
function Product({ upstream, onChange }: { upstream: Upstream; onChange: (product: string) => void }) {
  const blocks = usePipelineBlocks(upstream.pipeline);
  return (
    <Field label="or when this has new data">
      {(id) => (
        <Select id={id} value={upstream.product} className="max-w-44" disabled={!upstream.pipeline} onChange={(event) => onChange(event.target.value)}>
          <option value="">any run that ends well</option>
          {blocks.map(({ uuid }) => <option key={uuid}>{uuid}</option>)}
          {upstream.product && !blocks.some(({ uuid }) => uuid === upstream.product) && <option>{upstream.product}</option>}
        </Select>
      )}
    </Field>
  );
}

/** Which events it starts on. */
export function EventFields({ draft, onChange }: Props) {
  const problem = problemsOf(draft).matchers;
  return (
    <Field label="Events that start it" error={problem} hint={<>A list of patterns, as JSON: an event fits one when every key of the pattern is in it, with that value or one of a list of them. Events are posted to <code className="font-mono">/api/events</code>.</>}>
      {(id) => <TextArea id={id} rows={8} className="font-mono text-code" spellCheck={false} value={draft.matchers} aria-invalid={problem !== undefined} onChange={(event) => onChange({ matchers: event.target.value })} />}
    </Field>
  );
}

/** How it is called, and how calls are signed. */
export function CallFields({ draft, onChange }: Props) {
  return (
    <>
      <p className="text-[12px] text-muted">It is started by a POST to its address with its token, which is made when the trigger is, and shown once. What is sent along are variables of the run.</p>
      <div className="flex flex-wrap gap-3">
        <Field label="Calls are signed with the secret" hint="By its name; empty: the token is enough.">
          {(id) => <Input id={id} className="!w-56" value={draft.secret} spellCheck={false} placeholder="not signed" onChange={(event) => onChange({ secret: event.target.value })} />}
        </Field>
        {draft.secret.trim() && (
          <FigureField label="Calls older than this are refused" hint="In seconds." placeholder="300" value={draft.tolerance} onChange={(tolerance) => onChange({ tolerance })} />
        )}
      </div>
    </>
  );
}
