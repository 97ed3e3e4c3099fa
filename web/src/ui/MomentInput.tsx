import { useEffect, useRef, type InputHTMLAttributes } from "react";
import { Input } from "./fields";

/** What a field for date and time tells while a part of it is missing: it is neither empty nor a time. */
export const INCOMPLETE = "?";

interface Props extends Omit<InputHTMLAttributes<HTMLInputElement>, "value" | "onChange" | "type" | "min" | "max"> {
  /** 2026-01-31T08:00, empty, or `INCOMPLETE`. */
  value: string;
  onChange: (value: string) => void;
}

/**
 * Date and time, as somebody types them part by part.
 *
 * The browser keeps what is typed: a value that is written back meanwhile takes away the parts that it does not have, so
 * one that comes from elsewhere is shown only where nobody is typing.
 */
export function MomentInput({ value, onChange, ...rest }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const first = useRef(value === INCOMPLETE ? "" : value);
  const told = useRef(value);
  /** Whether it had to be shown. */
  const show = (): boolean => {
    if (!input.current || value === INCOMPLETE || toldBy(input.current) === value) return false;
    input.current.value = value;
    told.current = value;
    return true;
  };
  useEffect(() => {
    if (document.activeElement !== input.current) show();
  }, [value]);
  // Of the first parts the browser tells nothing: its value was empty, and still is.
  const tell = ({ currentTarget }: { currentTarget: HTMLInputElement }): boolean => {
    const now = toldBy(currentTarget);
    if (now === told.current) return false;
    told.current = now;
    onChange(now);
    return true;
  };
  const leave = (event: { currentTarget: HTMLInputElement }) => {
    if (tell(event) || event.currentTarget.validity.badInput) return;
    // What was typed was not taken: who has marked it hears that it is not there any more.
    if (show()) onChange(value);
  };
  return <Input {...rest} ref={input} type="datetime-local" min="1000-01-01T00:00" max="9999-12-31T23:59" defaultValue={first.current} onChange={tell} onKeyUp={tell} onBlur={leave} />;
}

function toldBy({ value, validity }: HTMLInputElement): string {
  return validity.badInput ? INCOMPLETE : value;
}
