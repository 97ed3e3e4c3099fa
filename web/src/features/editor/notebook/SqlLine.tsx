import { useQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronRight, Database } from "lucide-react";
import { useState } from "react";
import type { BlockDetail } from "../../../api/types";
import { Field, Input, Select, Switch } from "../../../ui/fields";
import { profilesQuery } from "../queries";
import { changeBlock } from "../session/changes";
import { useSession } from "../session/context";

const PROVIDERS: Readonly<Record<string, string>> = { "": "DuckDB, embedded", duckdb: "DuckDB file", postgres: "PostgreSQL" };
const POLICIES: Readonly<Record<string, string>> = { append: "append to it", replace: "replace it", fail: "fail when it is there" };

/** Where a SQL block runs, in one line that opens into what can be set about it; no more than the block needs. */
export function SqlLine({ block }: { block: BlockDetail }) {
  const [open, setOpen] = useState(false);
  const Arrow = open ? ChevronDown : ChevronRight;
  return (
    <div className="border-t border-line bg-s1 text-meta">
      <button type="button" aria-expanded={open} className="flex w-full items-center gap-1.5 px-2 py-1 text-left text-muted hover:text-fg" onClick={() => setOpen(!open)}>
        <Arrow size={11} aria-hidden="true" />
        <Database size={11} aria-hidden="true" />
        <span className="truncate">{describe(block.configuration)}</span>
      </button>
      {open && <SqlForm block={block} />}
    </div>
  );
}

function describe(configuration: Record<string, unknown>): string {
  const provider = String(configuration.data_provider ?? "");
  const parts = [PROVIDERS[provider] ?? provider];
  if (provider) {
    const table = [configuration.data_provider_schema, configuration.data_provider_table].filter(Boolean).join(".");
    if (configuration.data_provider_profile) parts.push(`profile ${String(configuration.data_provider_profile)}`);
    if (configuration.use_raw_sql) parts.push("statements as they are");
    else parts.push(`into ${table || "a table named after the block"}, ${POLICIES[String(configuration.export_write_policy ?? "append")] ?? "append to it"}`);
  }
  if (configuration.limit_in_pipeline_run) parts.push(`at most ${Number(configuration.limit_in_pipeline_run).toLocaleString("en-US")} rows`);
  return parts.join(" · ");
}

function SqlForm({ block }: { block: BlockDetail }) {
  const session = useSession();
  const profiles = useQuery(profilesQuery).data ?? [];
  const { configuration } = block;
  const provider = String(configuration.data_provider ?? "");
  const text = (key: string) => (configuration[key] === undefined || configuration[key] === null ? "" : String(configuration[key]));
  const set = (key: string, value: unknown) => {
    const { [key]: _, ...rest } = configuration;
    void changeBlock(session, block.uuid, { configuration: value === "" || value === undefined ? rest : { ...rest, [key]: value } });
  };
  const field = (key: string, label: string, placeholder: string) => (
    <Field label={label}>
      {(id) => <Input key={text(key)} id={id} defaultValue={text(key)} placeholder={placeholder} onBlur={(event) => event.target.value !== text(key) && set(key, event.target.value.trim())} />}
    </Field>
  );
  return (
    <div className="grid grid-cols-[repeat(auto-fill,minmax(160px,1fr))] gap-3 border-t border-line px-3 py-2">
      <Field label="Runs on">
        {(id) => (
          <Select id={id} value={provider} onChange={(event) => set("data_provider", event.target.value)}>
            {Object.entries(PROVIDERS).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
            {!(provider in PROVIDERS) && <option value={provider}>{provider}</option>}
          </Select>
        )}
      </Field>
      {provider && (
        <Field label="Profile" hint="In io_config.yaml">
          {(id) => (
            <Select id={id} value={text("data_provider_profile")} onChange={(event) => set("data_provider_profile", event.target.value)}>
              <option value="">choose…</option>
              {[...new Set([...profiles, text("data_provider_profile")].filter(Boolean))].map((name) => <option key={name}>{name}</option>)}
            </Select>
          )}
        </Field>
      )}
      {provider && (
        <div className="flex items-center gap-2 self-start pt-6">
          <Switch checked={Boolean(configuration.use_raw_sql)} onChange={(on) => set("use_raw_sql", on || undefined)} label="Run the statements as they are" />
          <span>Run the statements as they are</span>
        </div>
      )}
      {provider && !configuration.use_raw_sql && (
        <>
          {field("data_provider_schema", "Schema", provider === "postgres" ? "public" : "main")}
          {field("data_provider_table", "Table", `${session.pipeline}_${block.uuid}_v1`.replaceAll("/", "_"))}
          <Field label="When the table is there">
            {(id) => (
              <Select id={id} value={text("export_write_policy") || "append"} onChange={(event) => set("export_write_policy", event.target.value)}>
                {Object.entries(POLICIES).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
              </Select>
            )}
          </Field>
        </>
      )}
      <Field label="Rows at most" hint="Of the output; a table has all">
        {(id) => <Input key={text("limit_in_pipeline_run")} id={id} type="number" min={1} defaultValue={text("limit_in_pipeline_run")} placeholder="all" onBlur={(event) => event.target.value !== text("limit_in_pipeline_run") && set("limit_in_pipeline_run", event.target.value ? Number(event.target.value) : undefined)} />}
      </Field>
    </div>
  );
}
