import { useId, useState } from "react";
import type { AlertChannel, AlertSettings, ChannelField } from "../../api/orchestration";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { ErrorCard } from "../../ui/feedback";
import { Field, Input, TextArea } from "../../ui/fields";
import { Badge } from "../../ui/status";
import { CHANNELS, elsewhere, OCCASIONS, textOf, valueOf, type Typed } from "./model";
import { useChangeAlerts } from "./queries";

/** What is told, and where; written into the project's file. */
export function Whom({ settings }: { settings: AlertSettings }) {
  const { change } = useChangeAlerts();
  // A box is as it was pressed at once, while that is being written.
  const [pressed, setPressed] = useState<string[] | null>(null);
  const on = pressed ?? settings.alert_on;
  const toggle = (value: string, told: boolean) => {
    if (pressed) return;
    const next = told ? [...on, value] : on.filter((one) => one !== value);
    setPressed(next);
    change.mutate({ revision: settings.revision, set: { alert_on: next } }, { onSettled: () => setPressed(null) });
  };
  return (
    <>
      <section>
        <h2 className="mb-1 text-[14px] font-semibold">What is told</h2>
        <p className="mb-2 text-[12px] text-muted">Kept in <code className="font-mono">{settings.file}</code>, under notification_config. A pipeline may say otherwise in its own file.</p>
        {settings.problems.map((problem) => <ErrorCard key={problem} className="mb-2" error={new Error(problem)} />)}
        <div className="flex flex-wrap gap-x-6 gap-y-1">
          {settings.occasions.map((one) => (
            <label key={one} className="inline-flex items-center gap-1.5">
              <input type="checkbox" checked={on.includes(one)} onChange={(event) => toggle(one, event.target.checked)} />
              {OCCASIONS[one] ?? one}
            </label>
          ))}
        </div>
      </section>
      <section>
        <h2 className="mb-1 text-[14px] font-semibold">Where it is told</h2>
        <div className="divide-y divide-line rounded-card border border-line">{settings.channels.map((channel) => <Channel key={channel.kind} channel={channel} revision={settings.revision} />)}</div>
      </section>
    </>
  );
}

/** One channel: folded until it is opened. */
function Channel({ channel, revision }: { channel: AlertChannel; revision: string }) {
  const { change, test } = useChangeAlerts();
  const [typed, setTyped] = useState<Record<string, Typed>>({});
  const [leaving, setLeaving] = useState(false);
  const dirty = Object.keys(typed).length > 0;
  const path = (key: string) => `${channel.kind}_config.${key}`;
  const save = () => {
    const set = Object.fromEntries(channel.fields.filter((field) => field.key in typed).map((field) => [path(field.key), valueOf(field, typed[field.key]?.text ?? "")]));
    change.mutate({ revision, set }, { onSuccess: () => setTyped({}) });
  };
  return (
    <details>
      <summary className="flex cursor-pointer items-center gap-3 px-3 py-2 hover:bg-s1">
        <span className="flex-1 font-medium">{CHANNELS[channel.kind] ?? channel.kind}</span>
        <span className="truncate text-[12px] text-muted">{channel.hosts.join(", ")}</span>
        {channel.keys.length > 0 ? <Badge tone="ok">used</Badge> : channel.set ? <Badge tone="stale">incomplete</Badge> : <span className="text-[12px] text-muted">not used</span>}
      </summary>
      <form
        className="flex flex-col gap-3 px-3 pb-3 pt-1"
        onSubmit={(event) => {
          event.preventDefault();
          if (dirty) save();
        }}
      >
        {channel.fields.map((field) => <FieldOf key={field.key} field={field} typed={typed[field.key]} onType={(text) => setTyped({ ...typed, [field.key]: { text, over: typed[field.key]?.over ?? textOf(field) } })} />)}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary" disabled={!dirty} busy={change.isPending}>Save</Button>
          {channel.keys.map((key) => <Button key={key} disabled={dirty} busy={test.isPending} title={dirty ? "Save first" : undefined} onClick={() => test.mutate(key)}>Send a test{channel.keys.length > 1 ? ` to ${key}` : ""}</Button>)}
          {channel.set && <Button look="danger" onClick={() => setLeaving(true)}>Do not use it</Button>}
        </div>
      </form>
      {leaving && (
        <Dialog open onOpenChange={setLeaving} title={`Tell nobody by ${CHANNELS[channel.kind] ?? channel.kind} any more?`} footer={<><Button onClick={() => setLeaving(false)}>Keep it</Button><Button look="danger" busy={change.isPending} onClick={() => change.mutate({ revision, set: { [`${channel.kind}_config`]: null } }, { onSuccess: () => setLeaving(false) })}>Take it out</Button></>}>
          <p>Its settings, secrets among them, are taken out of the project’s file, and have to be typed again to use it again.</p>
        </Dialog>
      )}
    </details>
  );
}

function FieldOf({ field, typed, onType }: { field: ChannelField; typed: Typed | undefined; onType: (text: string) => void }) {
  const text = typed?.text;
  const shown = text ?? textOf(field);
  const note = useId();
  if (field.kind === "boolean") {
    return (
      <div>
        <label className="inline-flex items-center gap-1.5"><input type="checkbox" aria-describedby={note} checked={shown === "true"} onChange={(event) => onType(String(event.target.checked))} />{field.description}</label>
        <p id={note} className="font-mono text-meta text-muted">{field.key}</p>
      </div>
    );
  }
  return (
    <Field label={field.description} error={elsewhere(typed, textOf(field))} hint={<><span className="font-mono">{field.key}</span>{field.kind === "secret" && <>. To keep it out of the file: <span className="font-mono">{"{{ mage_secret_var('name') }}"}</span> or <span className="font-mono">{"{{ env_var('NAME') }}"}</span>.</>}</>}>
      {(id) =>
        field.kind === "list" || field.kind === "map" ? (
          <TextArea id={id} rows={2} className="font-mono text-code" value={shown} placeholder={field.kind === "list" ? "One a line" : "{}"} onChange={(event) => onType(event.target.value)} />
        ) : (
          <Input id={id} type={field.kind === "secret" && text !== undefined && !text.includes("{{") ? "password" : "text"} autoComplete="off" inputMode={field.kind === "number" ? "numeric" : undefined} value={shown} placeholder={field.kind === "secret" && field.set && shown === "" ? "is set; type to replace it" : ""} onChange={(event) => onType(event.target.value)} />
        )
      }
    </Field>
  );
}
