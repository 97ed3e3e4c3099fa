import { useEffect, useRef, type ReactNode } from "react";
import { ErrorCard } from "../../ui/feedback";
import { Field, Input, Select, Switch } from "../../ui/fields";
import { figureProblem, spanProblem, UNITS, type Span, type Unit } from "./draft";

/** A part of a form under its own heading. */
export function Part({ title, note, children }: { title: string; note?: ReactNode; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-3">
      <div>
        <h2 className="text-[14px] font-semibold">{title}</h2>
        {note && <p className="text-[12px] text-muted">{note}</p>}
      </div>
      {children}
    </section>
  );
}

/** What is on or off, said in a sentence. */
export function Toggle({ label, hint, checked, onChange, disabled }: { label: string; hint?: ReactNode; checked: boolean; onChange: (checked: boolean) => void; disabled?: boolean }) {
  return (
    <div className="flex gap-3">
      <span className="pt-0.5"><Switch label={label} checked={checked} onChange={onChange} disabled={disabled} /></span>
      <span aria-hidden="true" className={disabled ? "opacity-60" : "cursor-pointer"} onClick={() => !disabled && onChange(!checked)}>
        <span className="block font-medium">{label}</span>
        {hint && <span className="block text-[12px] text-muted">{hint}</span>}
      </span>
    </div>
  );
}

/** A length of time: a figure and its unit. */
export function SpanField({ label, hint, value, onChange }: { label: string; hint?: ReactNode; value: Span; onChange: (value: Span) => void }) {
  const problem = spanProblem(value);
  return (
    <Field label={label} hint={hint} error={problem}>
      {(id) => (
        <span className="flex gap-2">
          <Input id={id} inputMode="decimal" className="!w-24" value={value.text} aria-invalid={problem !== ""} placeholder="none" onChange={(event) => onChange({ ...value, text: event.target.value })} />
          <Select aria-label={`Unit of ${label.toLowerCase()}`} value={value.unit} onChange={(event) => onChange({ ...value, unit: event.target.value as Unit })}>
            {Object.keys(UNITS).map((unit) => <option key={unit}>{unit}</option>)}
          </Select>
        </span>
      )}
    </Field>
  );
}

/** A whole figure, or none. */
export function FigureField({ label, hint, value, onChange, placeholder = "none", least = 1 }: { label: string; hint?: ReactNode; value: string; onChange: (value: string) => void; placeholder?: string; least?: number }) {
  const problem = figureProblem(value, least);
  return (
    <Field label={label} hint={hint} error={problem}>
      {(id) => <Input id={id} inputMode="numeric" className="!w-24" value={value} aria-invalid={problem !== ""} placeholder={placeholder} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}

/** Why a form was not taken, above its fields; brought into view, since what is pressed stands at the top of any scrolling. */
export function Refused({ error, action }: { error: unknown; action?: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    place.current?.scrollIntoView({ block: "center" });
  }, [error]);
  return <div ref={place}><ErrorCard error={error} action={action} /></div>;
}
