import { useState, type FormEvent } from "react";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Field, Input } from "../../ui/fields";

export interface Asking {
  title: string;
  label: string;
  value: string;
  button: string;
  run: (value: string) => Promise<void>;
}

/** One name or path is asked for; a refusal is shown under the field, so that it can be put right. */
export function NameDialog({ asking, onClose }: { asking: Asking; onClose: () => void }) {
  const [text, setText] = useState(asking.value);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await asking.run(text.trim());
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={onClose} title={asking.title}>
      <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-3">
        <Field label={asking.label} error={problem}>{(id) => <Input id={id} autoFocus value={text} onChange={(event) => { setText(event.target.value); setProblem(""); }} aria-invalid={problem !== ""} />}</Field>
        <div className="flex justify-end"><Button type="submit" look="primary" busy={busy} disabled={!text.trim()}>{asking.button}</Button></div>
      </form>
    </Dialog>
  );
}
