import { Search } from "lucide-react";
import { useMemo, type KeyboardEvent, type Ref } from "react";
import type { PipelineSummary } from "../../api/types";
import { Input, Select } from "../../ui/fields";
import { lookOf } from "../../ui/status";
import type { Filters } from "./list";

const STATES = ["running", "completed", "failed", "interrupted", "cancelled", "never", "unreadable"];

interface Props {
  all: readonly PipelineSummary[];
  filters: Filters;
  search: Ref<HTMLInputElement>;
  onChange: (changes: Filters) => void;
  onDown: () => void;
}

export function FilterBar({ all, filters, search, onChange, onDown }: Props) {
  const tags = useMemo(() => [...new Set(all.flatMap((one) => one.tags))].sort(), [all]);
  const types = useMemo(() => [...new Set(all.map((one) => one.type))].sort(), [all]);
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") onDown();
    else if (event.key === "Escape") onChange({ q: undefined });
    else return;
    event.preventDefault();
  };
  return (
    <>
      <span className="relative w-full sm:w-52">
        <Search size={13} aria-hidden="true" className="absolute left-2 top-[7px] text-muted" />
        <Input ref={search} value={filters.q ?? ""} onChange={(event) => onChange({ q: event.target.value })} onKeyDown={onKey} placeholder="Name, tag or description" aria-label="Find pipelines" aria-keyshortcuts="/" className="!pl-7" />
      </span>
      <Select aria-label="State" value={filters.state ?? ""} onChange={(event) => onChange({ state: event.target.value })}>
        <option value="">Any state</option>
        {STATES.map((state) => <option key={state} value={state}>{lookOf(state).word}</option>)}
      </Select>
      {tags.length > 0 && <Choice label="Tag" none="Any tag" options={tags} value={filters.tag} onChange={(tag) => onChange({ tag })} />}
      {types.length > 1 && <Choice label="Type" none="Any type" options={types} value={filters.type} onChange={(type) => onChange({ type })} />}
      <Select aria-label="Group by" value={filters.group ?? ""} onChange={(event) => onChange({ group: event.target.value })}>
        <option value="">No groups</option>
        {["folder", "tag", "type", "state"].map((by) => <option key={by} value={by}>By {by}</option>)}
      </Select>
    </>
  );
}

function Choice({ label, none, options, value, onChange }: { label: string; none: string; options: string[]; value: string | undefined; onChange: (value: string) => void }) {
  return (
    <Select aria-label={label} value={value ?? ""} onChange={(event) => onChange(event.target.value)} className="max-w-36">
      <option value="">{none}</option>
      {options.map((option) => <option key={option}>{option}</option>)}
    </Select>
  );
}
