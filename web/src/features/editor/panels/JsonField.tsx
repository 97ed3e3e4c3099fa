import { useEffect, useState, type ReactNode } from "react";
import { Button } from "../../../ui/Button";
import { Field, TextArea } from "../../../ui/fields";

interface Props {
  label: string;
  hint?: ReactNode;
  value: unknown;
  onSave: (value: unknown) => Promise<boolean>;
}

/** A map as JSON, saved on request once it is valid. */
export function JsonField({ label, hint, value, onSave }: Props) {
  const now = JSON.stringify(value, null, 2);
  const [text, setText] = useState(now);
  const [seen, setSeen] = useState(now);
  const dirty = text !== seen;
  useEffect(() => {
    if (now === seen) return;
    // What was typed stays; what was not touched follows the file.
    setText((old) => (old === seen ? now : old));
    setSeen(now);
  }, [now, seen]);
  const problem = problemOf(text);
  return (
    <div className="flex flex-col gap-1.5">
      <Field label={label} hint={hint} error={dirty ? problem : undefined}>
        {(id) => <TextArea id={id} className="font-mono text-code" rows={Math.min(16, Math.max(4, text.split("\n").length))} spellCheck={false} value={text} aria-invalid={problem !== ""} onChange={(event) => setText(event.target.value)} />}
      </Field>
      {dirty && (
        <div className="flex gap-1.5">
          <Button look="primary" disabled={problem !== ""} onClick={() => void onSave(JSON.parse(text))}>Save</Button>
          <Button look="quiet" onClick={() => setText(seen)}>Discard</Button>
        </div>
      )}
    </div>
  );
}

function problemOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? "" : "Write a map, in braces.";
  } catch (error) {
    return `This is no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}
