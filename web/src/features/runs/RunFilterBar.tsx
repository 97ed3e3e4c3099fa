import { Search } from "lucide-react";
import type { Ref } from "react";
import { Input, Select } from "../../ui/fields";
import { usePipelines } from "../pipelines/queries";
import { useFirstTriggers, useTriggersOf } from "../triggers/queries";
import { Between } from "./Between";
import { ORIGINS, SINCE, STATES, type RunFilters } from "./filters";

/** Triggers to choose from, of all pipelines. */
const MOST = 300;
const NO_TRIGGERS: never[] = [];

interface Props {
  filters: RunFilters;
  search: Ref<HTMLInputElement>;
  onChange: (changes: RunFilters) => void;
  onDown: () => void;
}

/** What the list is narrowed to; all of it is in the address. */
export function RunFilterBar({ filters, search, onChange, onDown }: Props) {
  const pipelines = usePipelines().data?.pipelines ?? [];
  const own = useTriggersOf(filters.pipeline ?? "");
  const all = useFirstTriggers({ limit: MOST }).data;
  // Of very many one chooses the pipeline first.
  const triggers = filters.pipeline ? own : all?.next === null ? all.triggers : NO_TRIGGERS;
  return (
    <>
      <span className="relative w-full sm:w-40">
        <Search size={13} aria-hidden="true" className="absolute left-2 top-[7px] text-muted" />
        <Input ref={search} value={filters.q ?? ""} onChange={(event) => onChange({ q: event.target.value })} onKeyDown={(event) => event.key === "ArrowDown" && onDown()} placeholder="Text of an error" aria-label="Find runs" aria-keyshortcuts="/" className="!pl-7" />
      </span>
      <Choice label="State" none="Any state" value={filters.state} options={STATES.map((one) => [one.value, one.label])} onChange={(state) => onChange({ state })} />
      <Choice label="Pipeline" none="Every pipeline" value={filters.pipeline} options={pipelines.map(({ uuid }) => [uuid, uuid])} onChange={(pipeline) => onChange({ pipeline, trigger: undefined })} />
      {(triggers.length > 0 || filters.trigger) && (
        <Choice label="Trigger" none="Any trigger" value={filters.trigger} options={triggers.map((one) => [String(one.id), filters.pipeline ? one.name : `${one.name} (${one.pipeline})`])} onChange={(trigger) => onChange({ trigger })} />
      )}
      <Choice label="Started" none="Any start" value={filters.origin} options={Object.entries(ORIGINS).map(([value, words]) => [value, `Started ${words}`])} onChange={(origin) => onChange({ origin })} />
      <Choice label="Time" none="Any time" value={filters.since} options={[...SINCE.map((one): [string, string] => [one.value, one.label]), ["between", "Between …"]]} onChange={(since) => onChange({ since, ...(since === "between" ? {} : { from: undefined, to: undefined }) })} />
      {filters.since === "between" && (
        <Between from={filters.from} to={filters.to} onChange={onChange} />
      )}
      {filters.backfill && <button type="button" className="rounded-control bg-accent-soft px-2 py-1" onClick={() => onChange({ backfill: undefined })}>Backfill {filters.backfill} <span aria-hidden="true">✕</span><span className="sr-only">Show those of every backfill</span></button>}
    </>
  );
}

function Choice({ label, none, options, value, onChange }: { label: string; none: string; options: [string, string][]; value: string | undefined; onChange: (value: string) => void }) {
  return (
    <Select aria-label={label} value={value ?? ""} onChange={(event) => onChange(event.target.value)} className="max-w-32 max-sm:w-[calc(50%-4px)] max-sm:max-w-none">
      <option value="">{none}</option>
      {options.map(([key, words]) => <option key={key} value={key}>{words}</option>)}
      {value && !options.some(([key]) => key === value) && <option value={value}>{value}</option>}
    </Select>
  );
}
