import { useState } from "react";
import { Field, Input } from "../../../ui/fields";

interface Props {
  label: string;
  value: number | null;
  placeholder: string;
  hint?: string;
  onChange: (value: number | null) => Promise<boolean>;
}

/** A number that may be left out. It is kept when the field is left. */
export function NumberField({ label, value, placeholder, hint, onChange }: Props) {
  const [problem, setProblem] = useState("");
  const keep = (text: string) => {
    const next = text.trim() === "" ? null : Number(text);
    if (next !== null && (!Number.isFinite(next) || next < 0)) return setProblem("Write a number that is not negative.");
    setProblem("");
    if (next !== value) void onChange(next);
    return undefined;
  };
  return (
    <Field label={label} hint={hint} error={problem}>
      {(id) => (
        <Input key={String(value)} id={id} inputMode="decimal" defaultValue={value ?? ""} placeholder={placeholder} aria-invalid={problem !== ""} onBlur={(event) => keep(event.target.value)} onKeyDown={(event) => event.key === "Enter" && keep(event.currentTarget.value)} />
      )}
    </Field>
  );
}
