import { Play } from "lucide-react";
import { useState, type FormEvent } from "react";
import type { VariableDetail } from "../../../api/types";
import { Button } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { Field, Input } from "../../../ui/fields";
import { parsed, shown, TYPES, type ValueType } from "../panels/values";
import { useSession } from "../session/context";
import { runPipeline } from "../session/running";

/** Runs all blocks once with other values of the pipeline's variables; the pipeline keeps its own. */
export function RunWithDialog({ variables, onClose }: { variables: readonly VariableDetail[]; onClose: () => void }) {
  const session = useSession();
  const [texts, setTexts] = useState<Record<string, string>>(() => Object.fromEntries(variables.map((one) => [one.name, shown(one.value, one.type)])));
  const [problems, setProblems] = useState<Record<string, string>>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const values: Record<string, unknown> = {};
    const wrong: Record<string, string> = {};
    for (const one of variables) {
      const type: ValueType = (TYPES as readonly string[]).includes(one.type) ? (one.type as ValueType) : "text";
      const answer = parsed(texts[one.name] ?? "", type);
      if ("problem" in answer) wrong[one.name] = answer.problem;
      else if (JSON.stringify(answer.value) !== JSON.stringify(one.value)) values[one.name] = answer.value;
    }
    setProblems(wrong);
    if (Object.keys(wrong).length > 0) return;
    onClose();
    void runPipeline(session, "all", values);
  };
  return (
    <Dialog open onOpenChange={onClose} title="Run with other values" description="For this run only; the pipeline keeps its own.">
      <form onSubmit={submit} className="flex flex-col gap-3">
        {variables.length === 0 && <p className="text-muted">The pipeline has no variables yet. Add one under Variables.</p>}
        {variables.map((one, index) => (
          <Field key={one.name} label={one.name} hint={one.type} error={problems[one.name]}>
            {(id) => <Input id={id} autoFocus={index === 0} className="font-mono" value={texts[one.name] ?? ""} onChange={(event) => setTexts({ ...texts, [one.name]: event.target.value })} aria-invalid={one.name in problems} />}
          </Field>
        ))}
        <div className="flex justify-end"><Button type="submit" look="primary" disabled={variables.length === 0} icon={<Play size={13} fill="currentColor" aria-hidden="true" />}>Run all</Button></div>
      </form>
    </Dialog>
  );
}
