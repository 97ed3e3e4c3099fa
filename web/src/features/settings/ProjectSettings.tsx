import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { Button } from "../../ui/Button";
import { ErrorCard, Spinner } from "../../ui/feedback";
import { Input, Select, Switch } from "../../ui/fields";
import { Badge } from "../../ui/status";
import { Heading, Line } from "./Line";
import { useSaveSetting, useSettings, type Setting } from "./queries";
import { grouped, idle, shown, typed } from "./values";

/** The settings that the project's file holds, and that have an effect here. */
export function ProjectSettings() {
  const { data, error, isPending } = useSettings();
  if (isPending) return <Spinner label="Reading the settings" />;
  if (error) return <ErrorCard error={error} />;
  const others = idle(data.settings);
  return (
    <section>
      <Heading title="Project" note={<>Kept in <Link to="/files" search={{ path: data.file }} className="text-accent underline">{data.file}</Link>; its comments stay.</>} />
      <div className="flex flex-col gap-4">
        {grouped(data.settings).map(([group, settings]) => (
          <div key={group}>
            <h3 className="mb-1 text-[12px] font-semibold text-muted">{group}</h3>
            <div className="divide-y divide-line rounded-card border border-line">
              {settings.map((setting) => <Row key={setting.key} setting={setting} revision={data.revision} />)}
            </div>
          </div>
        ))}
      </div>
      {others.length > 0 && (
        <p className="mt-3 text-[12px] text-muted">
          Also set there, kept as they are, and without effect in this version: {others.map(({ key }, index) => <span key={key}>{index > 0 && ", "}<code className="font-mono">{key}</code></span>)}.
        </p>
      )}
    </section>
  );
}

function Row({ setting, revision }: { setting: Setting; revision: string }) {
  const save = useSaveSetting(setting, revision);
  if (setting.key === "notification_config") {
    return (
      <Line title={<>{setting.title} {!setting.set && <Badge>default</Badge>}</>} description={setting.description}>
        <Link to="/alerts" className="text-accent underline">Channels, occasions and wording</Link>
      </Line>
    );
  }
  return (
    <Line title={<>{setting.title} {!setting.set && <Badge>default</Badge>}</>} description={setting.description}>
      <span className="flex items-center gap-2">
        {setting.set && <Button look="quiet" disabled={save.isPending} onClick={() => save.mutate(null)} aria-label={`Reset ${setting.title} to its default`}>Reset</Button>}
        <Value setting={setting} busy={save.isPending} onSave={(value) => save.mutate(value)} />
      </span>
    </Line>
  );
}

function Value({ setting, busy, onSave }: { setting: Setting; busy: boolean; onSave: (value: unknown) => void }) {
  if (setting.secret) return <span className="text-muted">{setting.set ? "set" : "not set"}</span>;
  if (setting.kind === "boolean") return <Switch label={setting.title} disabled={busy} checked={setting.value === true} onChange={onSave} />;
  if (setting.choices.length > 0) {
    const value = shown(setting.value);
    return (
      <Select aria-label={setting.title} disabled={busy} value={value} onChange={(event) => onSave(event.target.value)}>
        {!setting.choices.includes(value) && <option value={value}>{value || "not set"}</option>}
        {setting.choices.map((choice) => <option key={choice}>{choice}</option>)}
      </Select>
    );
  }
  return <TextValue setting={setting} onSave={onSave} />;
}

function TextValue({ setting, onSave }: { setting: Setting; onSave: (value: unknown) => void }) {
  const told = shown(setting.value);
  const [text, setText] = useState(told);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    setText(told);
  }, [told]);
  // What was sent by Enter and refused is not sent again by leaving the field.
  const sent = useRef<string | null>(null);
  const commit = () => {
    sent.current = text;
    if (text.trim() === told) return;
    const result = typed(setting, text);
    if ("problem" in result) setProblem(result.problem);
    else onSave(result.value);
  };
  return (
    <span className="flex flex-col items-end gap-0.5">
      <Input
        aria-label={setting.title}
        aria-invalid={problem !== ""}
        inputMode={setting.kind === "number" ? "decimal" : undefined}
        value={text}
        placeholder={shown(setting.default)}
        className={setting.kind === "number" ? "!w-24 text-right tabular" : "!w-56"}
        onChange={(event) => { sent.current = null; setText(event.target.value); setProblem(""); }}
        onBlur={() => text !== sent.current && commit()}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
          else if (event.key === "Escape") { setText(told); setProblem(""); }
        }}
      />
      {problem && <span role="alert" className="text-[12px] text-failed">{problem}</span>}
    </span>
  );
}
