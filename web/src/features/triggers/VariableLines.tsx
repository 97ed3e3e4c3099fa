import { Plus, X } from "lucide-react";
import { Button, IconButton } from "../../ui/Button";
import { Input } from "../../ui/fields";
import { valueOf, variableLine, type VariableLine } from "./draft";

/** Variables of the runs: a name and a value each, which is JSON or text. */
export function VariableLines({ lines, onChange, problem, known = [] }: { lines: VariableLine[]; onChange: (lines: VariableLine[]) => void; problem?: string; known?: readonly { name: string; value: unknown }[] }) {
  const set = (key: number, changes: Partial<VariableLine>) => onChange(lines.map((one) => (one.key === key ? { ...one, ...changes } : one)));
  const taken = new Set(lines.map((one) => one.name));
  const free = known.filter((one) => !taken.has(one.name));
  return (
    <div className="flex flex-col gap-2" role="group" aria-label="Variables">
      {lines.map((one) => (
        <div key={one.key} className="flex items-center gap-2">
          <Input aria-label="Name of the variable" className="!w-44 font-mono" spellCheck={false} value={one.name} aria-invalid={Boolean(problem) && !one.name.trim() && one.text.trim() !== ""} onChange={(event) => set(one.key, { name: event.target.value, exact: undefined })} />
          <Input aria-label={`Value of ${one.name || "the variable"}`} className="min-w-0 flex-1 font-mono" spellCheck={false} value={one.text} onChange={(event) => set(one.key, { text: event.target.value })} />
          <span className="w-14 flex-none text-meta text-muted">{one.text === one.exact && !/^[[{]/.test(one.text) ? "number" : kindOf(valueOf(one.text))}</span>
          <IconButton label={`Remove ${one.name || "the variable"}`} onClick={() => onChange(lines.filter((other) => other.key !== one.key))}><X size={14} aria-hidden="true" /></IconButton>
        </div>
      ))}
      {problem && <p role="alert" className="text-[12px] text-failed">{problem}</p>}
      <div className="flex flex-wrap gap-1">
        {free.map((one) => <Button key={one.name} look="quiet" icon={<Plus size={13} aria-hidden="true" />} onClick={() => onChange([...lines, variableLine(one.name, one.value)])}>{one.name}</Button>)}
        <Button look="quiet" icon={<Plus size={13} aria-hidden="true" />} onClick={() => onChange([...lines, variableLine()])}>{free.length > 0 ? "Another variable" : "Add a variable"}</Button>
      </div>
    </div>
  );
}

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "list";
  return { string: "text", number: "number", boolean: "yes or no", object: "map" }[typeof value as string] ?? "";
}
