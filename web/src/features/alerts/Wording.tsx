import { useState } from "react";
import type { AlertSettings } from "../../api/orchestration";
import { Button } from "../../ui/Button";
import { Field, Input, Select, TextArea } from "../../ui/fields";
import { elsewhere, type Typed } from "./model";
import { useChangeAlerts } from "./queries";

const ABOUT: Record<string, string> = { failure: "A run failed", success: "A run went well", passed_sla: "A run is late", recovery: "It works again" };
const PARTS: Record<string, string> = { title: "Title", summary: "In short", details: "In full" };

/** In which words alerts are told; what is left empty is told in Penstock's own. */
export function Wording({ settings }: { settings: AlertSettings }) {
  const { change } = useChangeAlerts();
  const [occasion, setOccasion] = useState("failure");
  const [typed, setTyped] = useState<Record<string, Typed>>({});
  const written = (settings.templates ?? {}) as Record<string, Record<string, string> | undefined>;
  const dirty = Object.keys(typed).length > 0;
  const save = () => {
    const set = Object.fromEntries(Object.entries(typed).map(([part, { text }]) => [`message_templates.${occasion}.${part}`, text.trim() === "" ? null : text]));
    change.mutate({ revision: settings.revision, set }, { onSuccess: () => setTyped({}) });
  };
  return (
    <section>
      <h2 className="mb-1 text-[14px] font-semibold">In which words</h2>
      <details className="rounded-card border border-line">
        <summary className="cursor-pointer px-3 py-2 hover:bg-s1">{Object.keys(written).length > 0 ? "Words of this project" : "Penstock’s own words"}</summary>
        <form
          className="flex flex-col gap-3 px-3 pb-3"
          onSubmit={(event) => {
            event.preventDefault();
            if (dirty) save();
          }}
        >
          <Field label="When">
            {(id) => <Select id={id} className="self-start" value={occasion} disabled={dirty} onChange={(event) => setOccasion(event.target.value)}>{Object.entries(ABOUT).map(([value, words]) => <option key={value} value={value}>{words}</option>)}</Select>}
          </Field>
          {Object.entries(PARTS).map(([part, label]) => {
            const now = written[occasion]?.[part] ?? "";
            const text = typed[part]?.text ?? now;
            const type = (value: string) => setTyped({ ...typed, [part]: { text: value, over: typed[part]?.over ?? now } });
            return (
              <Field key={part} label={label} error={elsewhere(typed[part], now)}>
                {(id) => (part === "details" ? <TextArea id={id} rows={4} value={text} placeholder="As Penstock says it" onChange={(event) => type(event.target.value)} /> : <Input id={id} value={text} placeholder="As Penstock says it" onChange={(event) => type(event.target.value)} />)}
              </Field>
            );
          })}
          <p className="text-[12px] text-muted">Filled in for each alert: {settings.variables.map((name) => <code key={name} className="mr-1.5 font-mono">{`{${name}}`}</code>)}</p>
          <div className="flex gap-2"><Button type="submit" look="primary" disabled={!dirty} busy={change.isPending}>Save</Button>{dirty && <Button onClick={() => setTyped({})}>Discard</Button>}</div>
        </form>
      </details>
    </section>
  );
}
