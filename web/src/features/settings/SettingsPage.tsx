import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Copy, LogOut } from "lucide-react";
import { useState, type ReactNode } from "react";
import { api } from "../../api/client";
import type { ProjectInfo } from "../../api/types";
import { setPreference, usePreferences, type Theme, type Zone } from "../../app/preferences";
import { Button } from "../../ui/Button";
import { ErrorCard, Spinner } from "../../ui/feedback";
import { Input, Select, Switch } from "../../ui/fields";
import { Badge } from "../../ui/status";
import { toast, toastError } from "../../ui/toasts";

interface Setting {
  key: string;
  title: string;
  description: string;
  kind: string;
  value: unknown;
  default: unknown;
  set: boolean;
  choices: string[];
  secret: boolean;
}

interface Settings {
  settings: Setting[];
  file: string;
  revision: string;
  environment: { name: string; description: string; set: boolean }[];
}

/** This browser, the project's settings, and what the server found of its surroundings. */
export function SettingsPage() {
  const settings = useQuery({ queryKey: ["settings"], queryFn: ({ signal }) => api.get<Settings>("/settings", { signal }) });
  const project = useQuery({ queryKey: ["project"], queryFn: () => api.get<ProjectInfo>("/project") });
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto flex max-w-3xl flex-col gap-8 p-6">
        <h1 className="text-[18px] font-semibold">Settings</h1>
        <Appearance />
        <section>
          <Heading title="Project" note={settings.data ? `Kept in ${settings.data.file}; its comments stay.` : ""} />
          {settings.isPending && <Spinner label="Reading the settings" />}
          {settings.error && <ErrorCard error={settings.error} />}
          {settings.data && <div className="divide-y divide-line rounded-card border border-line">{settings.data.settings.map((one) => <SettingRow key={`${one.key}:${JSON.stringify(one.value)}`} setting={one} revision={settings.data.revision} />)}</div>}
        </section>
        <Access />
        {project.data && <About project={project.data} environment={settings.data?.environment ?? []} />}
      </div>
    </div>
  );
}

function Heading({ title, note }: { title: string; note?: string }) {
  return (
    <div className="mb-2">
      <h2 className="text-[14px] font-semibold">{title}</h2>
      {note && <p className="text-[12px] text-muted">{note}</p>}
    </div>
  );
}

function Line({ title, description, children }: { title: ReactNode; description?: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-1 px-3 py-2">
      <div className="min-w-0 max-w-md flex-1">
        <div className="font-medium">{title}</div>
        {description && <div className="text-[12px] text-muted">{description}</div>}
      </div>
      {children}
    </div>
  );
}

function Appearance() {
  const { theme, zone, fontSize } = usePreferences();
  return (
    <section>
      <Heading title="This browser" note="Kept here, not in the project." />
      <div className="divide-y divide-line rounded-card border border-line">
        <Line title="Theme">
          <Select aria-label="Theme" value={theme} onChange={(event) => setPreference("theme", event.target.value as Theme)}>
            <option value="system">As the system</option><option value="light">Light</option><option value="dark">Dark</option>
          </Select>
        </Line>
        <Line title="Times" description="Of runs, versions and logs.">
          <Select aria-label="Times" value={zone} onChange={(event) => setPreference("zone", event.target.value as Zone)}>
            <option value="local">Local time</option><option value="utc">UTC</option>
          </Select>
        </Line>
        <Line title="Size of code" description="In editors.">
          <Select aria-label="Size of code" value={fontSize} onChange={(event) => setPreference("fontSize", Number(event.target.value))}>
            {[11, 12, 12.5, 13, 14, 16, 18].map((size) => <option key={size} value={size}>{size} px</option>)}
          </Select>
        </Line>
      </div>
    </section>
  );
}

function SettingRow({ setting, revision }: { setting: Setting; revision: string }) {
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (value: unknown) => api.patch<Settings>("/settings", { body: { revision, set: { [setting.key]: value } } }),
    onSuccess: (data) => {
      client.setQueryData(["settings"], data);
      toast(`Saved ${setting.title}.`, { seconds: 2 });
    },
    onError: (error) => {
      toastError(error);
      void client.invalidateQueries({ queryKey: ["settings"] });
    },
  });
  return (
    <Line title={<>{setting.title} {!setting.set && <Badge>default</Badge>}</>} description={setting.description}>
      <span className="flex items-center gap-2">
        <SettingField setting={setting} onSave={(value) => save.mutate(value)} />
        {setting.set && <Button look="quiet" onClick={() => save.mutate(null)} aria-label={`Set ${setting.title} back to its default`}>Reset</Button>}
      </span>
    </Line>
  );
}

function SettingField({ setting, onSave }: { setting: Setting; onSave: (value: unknown) => void }) {
  const shown = setting.value === null || setting.value === undefined ? "" : Array.isArray(setting.value) ? setting.value.join(", ") : String(setting.value);
  const [text, setText] = useState(shown);
  if (setting.secret) return <span className="text-muted">{setting.set ? "set" : "not set"}</span>;
  if (setting.kind === "boolean") return <Switch label={setting.title} checked={setting.value === true} onChange={onSave} />;
  if (setting.kind === "choice") {
    return (
      <Select aria-label={setting.title} value={shown} onChange={(event) => onSave(event.target.value)}>
        {!setting.choices.includes(shown) && <option value={shown}>{shown || "not set"}</option>}
        {setting.choices.map((choice) => <option key={choice}>{choice}</option>)}
      </Select>
    );
  }
  const commit = () => {
    if (text === shown) return;
    if (text.trim() === "") onSave(null);
    else if (setting.kind === "number") {
      if (Number.isNaN(Number(text))) toast(`${setting.title} is a number.`, { tone: "failed" });
      else onSave(Number(text));
    } else if (setting.kind === "list") onSave(text.split(",").map((part) => part.trim()).filter(Boolean));
    else onSave(text);
  };
  return <Input aria-label={setting.title} value={text} placeholder={setting.default === null || setting.default === undefined ? "" : String(setting.default)} className="!w-56" onChange={(event) => setText(event.target.value)} onBlur={commit} onKeyDown={(event) => event.key === "Enter" && commit()} />;
}

function Access() {
  const [link, setLink] = useState("");
  return (
    <section>
      <Heading title="Logins" note="A link logs one browser in, once, within ten minutes." />
      <div className="divide-y divide-line rounded-card border border-line">
        <Line title="Another browser" description="Make a link and open it there.">
          <Button onClick={() => void api.post<{ url: string }>("/session/links", { body: {} }).then(({ url }) => setLink(url), toastError)}>Make a link</Button>
        </Line>
        {link && (
          <div className="flex items-center gap-2 px-3 py-2">
            <Input readOnly aria-label="Link" value={link} onFocus={(event) => event.target.select()} />
            <Button icon={<Copy size={13} aria-hidden="true" />} onClick={() => void navigator.clipboard.writeText(link).then(() => toast("Copied.", { seconds: 2 }))}>Copy</Button>
          </div>
        )}
        <Line title="Log out" description="This browser, or every browser that is logged in.">
          <span className="flex gap-2">
            <Button icon={<LogOut size={13} aria-hidden="true" />} onClick={() => void api.del("/session").then(() => window.location.assign("./"), toastError)}>This one</Button>
            <Button look="danger" onClick={() => void api.del("/session/all").then(() => window.location.assign("./"), toastError)}>All</Button>
          </span>
        </Line>
      </div>
    </section>
  );
}

function About({ project, environment }: { project: ProjectInfo; environment: Settings["environment"] }) {
  const facts: [string, ReactNode][] = [
    ["Project", project.root],
    ["Penstock", project.version],
    ["Python", project.python],
    ["System", project.platform],
    ["Language server", project.features.language_server ? "ty" : <>not installed: <code className="font-mono">pip install "penstock[editor]"</code></>],
    ["Formatter", project.features.formatter ? "ruff" : <>not installed: <code className="font-mono">pip install "penstock[editor]"</code></>],
    ["Git", project.features.git ? "found" : "this folder is not a git repository"],
  ];
  return (
    <section>
      <Heading title="About" />
      <dl className="grid grid-cols-[160px_1fr] gap-y-1 rounded-card border border-line px-3 py-2">
        {facts.map(([name, value]) => [<dt key={name} className="text-muted">{name}</dt>, <dd key={`${name}-value`} className="min-w-0 break-words">{value}</dd>])}
      </dl>
      {environment.length > 0 && (
        <details className="mt-3">
          <summary className="cursor-pointer text-muted">Environment variables that Penstock reads</summary>
          <ul className="mt-1 divide-y divide-line rounded-card border border-line">
            {environment.map((one) => (
              <li key={one.name} className="flex gap-3 px-3 py-1"><code className="w-80 flex-none font-mono text-code">{one.name}</code><span className="flex-1 text-muted">{one.description}</span>{one.set && <Badge tone="ok">set</Badge>}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
