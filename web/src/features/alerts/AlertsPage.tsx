import { Link } from "@tanstack/react-router";
import { BellOff } from "lucide-react";
import { useState } from "react";
import type { AlertField, AlertSettings, AlertSummary } from "../../api/orchestration";
import { ago, dateTime } from "../../app/format";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Field, Input, TextArea } from "../../ui/fields";
import { Badge } from "../../ui/status";
import { useAlerts, useAlertSettings, useChangeAlerts } from "./queries";

/** Who is told of what, and what was told lately. */
export function AlertsPage() {
  const settings = useAlertSettings();
  const recent = useAlerts();
  const alerts = recent.data?.pages.flatMap((page) => page.alerts) ?? [];
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto flex max-w-4xl flex-col gap-8 p-4 sm:p-6">
        <h1 className="text-[18px] font-semibold">Alerts</h1>
        {settings.error ? <ErrorCard error={settings.error} /> : settings.data ? <Whom key={settings.data.revision} settings={settings.data} /> : <Spinner label="Reading the settings" />}
        <section>
          <h2 className="mb-1 text-[14px] font-semibold">Lately</h2>
          {recent.error ? <ErrorCard error={recent.error} /> : recent.isPending ? <Spinner label="Reading the alerts" /> : alerts.length === 0 ? (
            <EmptyState icon={<BellOff size={30} aria-hidden="true" />} title="No alerts yet">What goes wrong is told once for each incident, however many runs it hits.</EmptyState>
          ) : (
            <>
              <ul className="overflow-hidden rounded-card border border-line">{alerts.map((alert) => <Alert key={alert.id} alert={alert} />)}</ul>
              {recent.hasNextPage && <Button look="quiet" busy={recent.isFetchingNextPage} onClick={() => void recent.fetchNextPage()}>Show earlier ones</Button>}
            </>
          )}
        </section>
      </div>
    </div>
  );
}

const TONES: Record<string, "ok" | "failed" | "waiting"> = { sent: "ok", failed: "failed", pending: "waiting" };

function Alert({ alert }: { alert: AlertSummary }) {
  const inside = (
    <>
      <span className="w-16 flex-none"><Badge tone={TONES[alert.state]}>{alert.state}</Badge></span>
      <span className="min-w-0 flex-1">
        <span className="block truncate"><span className="font-medium">{alert.pipeline}</span> {alert.title}</span>
        <span className="block truncate text-[12px] text-muted">{alert.error ? <span className="text-failed">{alert.error}</span> : alert.channels.length > 0 ? `to ${alert.channels.join(", ")}` : "to nobody: no channel is set up"}</span>
      </span>
      <span className="flex-none text-[12px] text-muted" title={dateTime(alert.created_at)}>{ago(alert.created_at)}</span>
    </>
  );
  const line = "flex items-center gap-3 px-3 py-1.5";
  return (
    <li className="border-b border-s2 last:border-b-0">
      {alert.run ? <Link to="/runs/$run" params={{ run: alert.run }} className={`${line} hover:bg-s1`}>{inside}</Link> : <span className={line}>{inside}</span>}
    </li>
  );
}

function Whom({ settings }: { settings: AlertSettings }) {
  const { change } = useChangeAlerts();
  const toggle = (value: string, on: boolean) => change.mutate({ revision: settings.revision, set: { alert_on: on ? [...settings.alert_on, value] : settings.alert_on.filter((one) => one !== value) } });
  return (
    <>
      <section>
        <h2 className="mb-1 text-[14px] font-semibold">What is told</h2>
        <p className="mb-2 text-[12px] text-muted">Kept in <code className="font-mono">{settings.file}</code>, under notification_config. A pipeline may say otherwise in its own file.</p>
        {settings.problems.map((problem) => <ErrorCard key={problem} className="mb-2" error={new Error(problem)} />)}
        <div className="flex flex-wrap gap-x-6 gap-y-1">
          {settings.occasions.map((one) => (
            <label key={one.value} className="inline-flex items-center gap-1.5">
              <input type="checkbox" checked={settings.alert_on.includes(one.value)} disabled={change.isPending} onChange={(event) => toggle(one.value, event.target.checked)} />
              {one.label}
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

/** One channel: folded until it is set up or opened. */
function Channel({ channel, revision }: { channel: AlertSettings["channels"][number]; revision: string }) {
  const { change, test } = useChangeAlerts();
  const [typed, setTyped] = useState<Record<string, string>>({});
  const dirty = Object.keys(typed).length > 0;
  const save = () => {
    const set = Object.fromEntries(channel.fields.filter((field) => field.key in typed).map((field) => [field.key, fieldValue(field, typed[field.key] ?? "")]));
    change.mutate({ revision, set: { [`${channel.kind}_config`]: set } });
  };
  return (
    <details open={dirty || undefined} className="group">
      <summary className="flex cursor-pointer items-center gap-3 px-3 py-2 hover:bg-s1">
        <span className="flex-1 font-medium">{channel.title}</span>
        {channel.set ? <Badge tone="ok">set up</Badge> : <span className="text-[12px] text-muted">not used</span>}
      </summary>
      <form
        className="flex flex-col gap-3 px-3 pb-3 pt-1"
        onSubmit={(event) => {
          event.preventDefault();
          if (dirty) save();
        }}
      >
        {channel.fields.map((field) => <FieldOf key={field.key} field={field} text={typed[field.key]} onType={(text) => setTyped({ ...typed, [field.key]: text })} />)}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary" disabled={!dirty} busy={change.isPending}>Save</Button>
          <Button disabled={!channel.set || dirty} busy={test.isPending} title={dirty ? "Save first" : undefined} onClick={() => test.mutate(channel.kind)}>Send a test</Button>
          {channel.set && <Button look="danger" onClick={() => change.mutate({ revision, set: { [`${channel.kind}_config`]: null } })}>Do not use it</Button>}
        </div>
      </form>
    </details>
  );
}

function FieldOf({ field, text, onType }: { field: AlertField; text: string | undefined; onType: (text: string) => void }) {
  const shown = text ?? textOf(field);
  if (field.kind === "boolean") {
    return <label className="inline-flex items-center gap-1.5"><input type="checkbox" checked={shown === "true"} onChange={(event) => onType(String(event.target.checked))} />{field.title}{field.hint && <span className="text-[12px] text-muted">{field.hint}</span>}</label>;
  }
  return (
    <Field label={field.title} hint={field.hint}>
      {(id) =>
        field.kind === "list" ? (
          <TextArea id={id} rows={2} value={shown} placeholder="One a line" onChange={(event) => onType(event.target.value)} />
        ) : (
          <Input id={id} type={field.kind === "secret" ? "password" : "text"} autoComplete="off" inputMode={field.kind === "number" ? "numeric" : undefined} value={shown} placeholder={field.kind === "secret" && field.set ? "is set; type to replace it" : ""} onChange={(event) => onType(event.target.value)} />
        )
      }
    </Field>
  );
}

export function textOf(field: AlertField): string {
  if (field.value === null || field.value === undefined) return "";
  return Array.isArray(field.value) ? field.value.join("\n") : String(field.value);
}

/** What is kept of what was typed; nothing takes the value out. */
export function fieldValue(field: AlertField, text: string): unknown {
  const plain = text.trim();
  if (plain === "") return null;
  if (field.kind === "boolean") return plain === "true";
  if (field.kind === "number") return Number.isFinite(Number(plain)) ? Number(plain) : plain;
  if (field.kind === "list") return plain.split(/[\n,]/).map((one) => one.trim()).filter(Boolean);
  return plain;
}
