import { useEffect, useRef, useState } from "react";
import { cx } from "../../../ui/cx";

interface Props {
  value: string;
  label: string;
  editing: boolean;
  onEditing: (editing: boolean) => void;
  /** Answers whether the name was taken; if not, the field stays open. */
  onRename: (name: string) => Promise<boolean>;
  className?: string;
}

/** A name that becomes a field on double click, F2 or from a menu. Enter keeps it, Escape leaves it as it was. */
export function InlineName({ value, label, editing, onEditing, onRename, className }: Props) {
  const [text, setText] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  useEffect(() => {
    if (!editing) return;
    setText(value);
    done.current = false;
    field.current?.select();
    field.current?.focus();
  }, [editing, value]);
  if (!editing) {
    return (
      <button type="button" className={cx("truncate rounded-control text-left font-semibold", className ?? "min-w-0")} title={`${value} (double click to rename)`} onDoubleClick={() => onEditing(true)}>
        {value}
      </button>
    );
  }
  const finish = (keep: boolean) => {
    if (done.current) return;
    const name = text.trim();
    if (!keep || name === "" || name === value) {
      done.current = true;
      onEditing(false);
      return;
    }
    done.current = true;
    void onRename(name).then((taken) => {
      if (taken) onEditing(false);
      else {
        done.current = false;
        field.current?.focus();
      }
    });
  };
  return (
    <input
      ref={field}
      aria-label={label}
      value={text}
      spellCheck={false}
      className={cx("h-6 min-w-0 flex-1 rounded-control border border-accent bg-s0 px-1 font-semibold", className)}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => finish(true)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") finish(true);
        if (event.key === "Escape") finish(false);
      }}
    />
  );
}
