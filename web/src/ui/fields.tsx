import { Switch as RadixSwitch } from "radix-ui";
import { useId, type InputHTMLAttributes, type ReactNode, type Ref, type SelectHTMLAttributes, type TextareaHTMLAttributes } from "react";
import { cx } from "./cx";

const BOX = "rounded-control border border-line-strong bg-s0 px-2 text-ui text-fg placeholder:text-muted disabled:opacity-50 aria-[invalid=true]:border-failed";

export function Input({ className, ...rest }: InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }) {
  return <input {...rest} className={cx(BOX, "h-7 w-full", className)} />;
}

export function TextArea({ className, ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: Ref<HTMLTextAreaElement> }) {
  return <textarea {...rest} className={cx(BOX, "w-full py-1", className)} />;
}

export function Select({ className, children, ...rest }: SelectHTMLAttributes<HTMLSelectElement> & { ref?: Ref<HTMLSelectElement> }) {
  return (
    <select {...rest} className={cx(BOX, "h-7", className)}>
      {children}
    </select>
  );
}

export function Switch({ checked, onChange, label, disabled }: { checked: boolean; onChange: (checked: boolean) => void; label: string; disabled?: boolean }) {
  return (
    <RadixSwitch.Root
      checked={checked}
      onCheckedChange={onChange}
      aria-label={label}
      disabled={disabled}
      className="h-4 w-7 flex-none rounded-full border border-line-strong bg-s3 data-[state=checked]:border-accent data-[state=checked]:bg-accent"
    >
      <RadixSwitch.Thumb className="block h-3 w-3 translate-x-px rounded-full bg-s0 shadow transition-transform duration-100 data-[state=checked]:translate-x-[13px]" />
    </RadixSwitch.Root>
  );
}

/** A labelled field: what it is, how to fill it, and what is wrong with it. */
export function Field({ label, hint, error, children }: { label: string; hint?: ReactNode; error?: ReactNode; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-ui font-medium">{label}</label>
      {children(id)}
      {error ? <p role="alert" className="text-[12px] text-failed">{error}</p> : hint ? <p className="text-[12px] text-muted">{hint}</p> : null}
    </div>
  );
}
