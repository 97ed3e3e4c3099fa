import { useEffect, useState } from "react";
import type { PipelineDetail } from "../../../api/types";
import { Field, Input, Select, Switch, TextArea } from "../../../ui/fields";
import { dateTime } from "../../../app/format";
import type { PipelineChanges } from "../queries";
import { changePipeline } from "../session/changes";
import { useSession } from "../session/context";
import { useNavigation } from "../session/selection";
import { JsonField } from "./JsonField";
import { NumberField } from "./NumberField";

const TYPES = ["python", "pyspark", "streaming", "integration"];

/** What is set about the whole pipeline. Each field is written to its file when it is left. */
export function PipelineSettings({ detail }: { detail: PipelineDetail }) {
  const session = useSession();
  const { show } = useNavigation();
  const { settings } = detail;
  const change = (changes: PipelineChanges) => changePipeline(session, changes);
  const map = (key: string) => (typeof settings[key] === "object" && settings[key] !== null ? (settings[key] as Record<string, unknown>) : {});
  const put = (key: string, name: string, value: number | null) => {
    const { [name]: _, ...rest } = map(key);
    const next = value === null ? rest : { ...rest, [name]: value };
    return change({ settings: { [key]: Object.keys(next).length > 0 ? next : null } });
  };
  const number = (key: string, name: string) => (typeof map(key)[name] === "number" ? (map(key)[name] as number) : null);
  return (
    <div className="flex flex-col gap-4">
      <Kept label="Description" value={detail.description} rows={2} onKeep={(description) => change({ description })} />
      <Kept label="Tags" hint="Separated by commas" value={detail.tags.join(", ")} onKeep={(text) => change({ tags: text.split(",").map((tag) => tag.trim()).filter(Boolean) })} />
      <Field label="Type" hint={detail.runnable ? undefined : "Penstock does not run pipelines of this type yet."}>
        {(id) => (
          <Select id={id} value={detail.declared_type} onChange={(event) => void change({ type: event.target.value })}>
            {[...new Set([...TYPES.slice(0, 1), detail.declared_type])].map((type) => <option key={type}>{type}</option>)}
          </Select>
        )}
      </Field>
      <h3 className="-mb-2 font-semibold">When it runs</h3>
      <Toggle label="All blocks in one process" hint="Starts faster; a crash of one block ends all of them." checked={settings.run_in_one_process === true} onChange={(on) => change({ settings: { run_in_one_process: on } })} />
      {settings.run_in_one_process === true && (
        <Toggle label="Keep outputs in memory between blocks" hint="For values that cannot be stored." checked={settings.cache_output_in_memory === true} onChange={(on) => change({ settings: { cache_output_in_memory: on } })} />
      )}
      <div className="grid grid-cols-[repeat(auto-fit,minmax(140px,1fr))] gap-3">
        <NumberField label="Retries" value={number("retry_config", "retries")} placeholder="as the project says" onChange={(value) => put("retry_config", "retries", value)} />
        <NumberField label="Seconds between" value={number("retry_config", "delay")} placeholder="as the project says" onChange={(value) => put("retry_config", "delay", value)} />
        <NumberField label="Blocks at once" value={number("concurrency_config", "block_run_limit")} placeholder="no limit" onChange={(value) => put("concurrency_config", "block_run_limit", value)} />
      </div>
      <JsonField label="Everything else that is set" hint="Keys as in the file. A key that is taken out here is taken out there." value={settings} onSave={(value) => change({ settings: withRemoved(settings, value as Record<string, unknown>) })} />
      <dl className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-1">
        <dt className="text-muted">Id</dt>
        <dd className="break-all font-mono text-code">{detail.uuid}</dd>
        <dt className="text-muted">File</dt>
        <dd><button type="button" className="break-all text-left font-mono text-code text-accent underline" onClick={() => show({ view: "yaml" })}>{detail.file}</button></dd>
        {detail.created_at && (
          <>
            <dt className="text-muted">Created</dt>
            <dd>{detail.created_at}</dd>
          </>
        )}
        <dt className="text-muted">Changed</dt>
        <dd>{dateTime(detail.updated_at)}</dd>
      </dl>
    </div>
  );
}

/** What was there and is no more is to be taken out: null says so. */
function withRemoved(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  const removed = Object.keys(before).filter((key) => !(key in after) && before[key] !== null);
  return { ...after, ...Object.fromEntries(removed.map((key) => [key, null])) };
}

interface KeptProps {
  label: string;
  hint?: string;
  value: string;
  rows?: number;
  onKeep: (text: string) => Promise<boolean>;
}

function Kept({ label, hint, value, rows, onKeep }: KeptProps) {
  const [text, setText] = useState(value);
  useEffect(() => {
    setText(value);
  }, [value]);
  const keep = () => text !== value && void onKeep(text);
  return (
    <Field label={label} hint={hint}>
      {(id) =>
        rows ? (
          <TextArea id={id} rows={rows} value={text} onChange={(event) => setText(event.target.value)} onBlur={keep} />
        ) : (
          <Input id={id} value={text} onChange={(event) => setText(event.target.value)} onBlur={keep} onKeyDown={(event) => event.key === "Enter" && keep()} />
        )
      }
    </Field>
  );
}

function Toggle({ label, hint, checked, onChange }: { label: string; hint: string; checked: boolean; onChange: (on: boolean) => Promise<boolean> }) {
  return (
    <div className="flex items-start gap-2">
      <Switch checked={checked} onChange={(on) => void onChange(on)} label={label} />
      <div>
        <p className="font-medium">{label}</p>
        <p className="text-[12px] text-muted">{hint}</p>
      </div>
    </div>
  );
}
