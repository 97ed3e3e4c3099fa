import { useState } from "react";
import type { BlockDetail } from "../../../api/types";
import { Button } from "../../../ui/Button";
import { Field, Input } from "../../../ui/fields";
import { changeBlock } from "../session/changes";
import { useSession } from "../session/context";
import { useNavigation } from "../session/selection";
import { JsonField } from "./JsonField";
import { NumberField } from "./NumberField";
import { SaveTemplate } from "./SaveTemplate";

/** Everything that can be set about a block, with its configuration as a whole. */
export function BlockSettings({ block }: { block: BlockDetail }) {
  const session = useSession();
  const { openFile, select } = useNavigation();
  const retry = block.retry_config;
  const set = (changes: Parameters<typeof changeBlock>[2]) => changeBlock(session, block.uuid, changes, select);
  const setRetry = (key: string, value: number | null) => {
    const { [key]: _, ...rest } = retry;
    return set({ retry_config: value === null ? rest : { ...rest, [key]: value } });
  };
  return (
    <div className="flex flex-col gap-4">
      <dl className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-1">
        <dt className="text-muted">Id</dt>
        <dd className="break-all font-mono text-code">{block.uuid}</dd>
        {block.file && (
          <>
            <dt className="text-muted">File</dt>
            <dd><button type="button" className="break-all text-left font-mono text-code text-accent underline" onClick={() => openFile(block.file as string)}>{block.file}</button></dd>
          </>
        )}
        {block.function && (
          <>
            <dt className="text-muted">Function</dt>
            <dd className="break-all font-mono text-code">{block.function.name}({[...block.function.parameters, ...(block.function.varargs ? ["*args"] : [])].join(", ")})</dd>
          </>
        )}
        {block.tests.length > 0 && (
          <>
            <dt className="text-muted">Tests</dt>
            <dd className="break-all font-mono text-code">{block.tests.join(", ")}</dd>
          </>
        )}
        {block.shared_with.length > 0 && (
          <>
            <dt className="text-muted">Shared with</dt>
            <dd className="break-words">{block.shared_with.join(", ")}</dd>
          </>
        )}
      </dl>
      <div className="grid grid-cols-[repeat(auto-fit,minmax(130px,1fr))] gap-3">
        <NumberField label="Stop it after (seconds)" value={block.timeout} placeholder="no limit" onChange={(timeout) => set({ timeout })} />
        <NumberField label="Retries" value={numberOf(retry.retries)} placeholder="as the project says" onChange={(value) => setRetry("retries", value)} />
        <NumberField label="Seconds between" value={numberOf(retry.delay)} placeholder="as the project says" onChange={(value) => setRetry("delay", value)} />
      </div>
      <BlockVariables block={block} onChange={(configuration) => set({ configuration })} />
      <JsonField
        label="Configuration"
        hint="All of it, as JSON. Code reads it as kwargs[&quot;configuration&quot;]."
        value={block.configuration}
        onSave={(configuration) => set({ configuration: configuration as Record<string, unknown> })}
      />
      <SaveTemplate block={block} />
    </div>
  );
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/** Keys of a configuration that mean something to Penstock; all others are the block's own variables. */
const RESERVED = /^(file_source|file_path|data_provider.*|export_write_policy|use_raw_sql|disable_.*|limit.*|dynamic|reduce_output|upstream_block_configuration|unique_upstream_table_name|dbt.*|global_data_product|variables|chart_.*)$/;

function BlockVariables({ block, onChange }: { block: BlockDetail; onChange: (configuration: Record<string, unknown>) => Promise<boolean> }) {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const own = Object.entries(block.configuration).filter(([key, one]) => !RESERVED.test(key) && (typeof one !== "object" || one === null));
  const put = (key: string, text: string) => void onChange({ ...block.configuration, [key]: guessed(text) });
  return (
    <div className="flex flex-col gap-1.5">
      <h3 className="font-medium">Variables of this block</h3>
      {own.map(([key, one]) => (
        <Field key={key} label={key}>
          {(id) => (
            <div className="flex gap-1.5">
              <Input key={String(one)} id={id} className="font-mono" defaultValue={String(one ?? "")} onBlur={(event) => event.target.value !== String(one ?? "") && put(key, event.target.value)} />
              <Button
                look="quiet"
                onClick={() => {
                  const { [key]: _, ...rest } = block.configuration;
                  void onChange(rest);
                }}
              >
                Delete
              </Button>
            </div>
          )}
        </Field>
      ))}
      <form
        className="flex gap-1.5"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === "") return;
          put(name.trim(), value);
          setName("");
          setValue("");
        }}
      >
        <Input aria-label="Name of a new variable" placeholder="name" className="font-mono" value={name} onChange={(event) => setName(event.target.value)} />
        <Input aria-label="Value of the new variable" placeholder="value" className="font-mono" value={value} onChange={(event) => setValue(event.target.value)} />
        <Button type="submit" disabled={name.trim() === ""}>Add</Button>
      </form>
    </div>
  );
}

/** Numbers and truth values are kept as such, as YAML would read them. */
function guessed(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
