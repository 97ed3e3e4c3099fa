import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import type { VariableDetail } from "../../../api/types";
import { Button, IconButton } from "../../../ui/Button";
import { Input, Select } from "../../../ui/fields";
import { toast } from "../../../ui/toasts";
import { changePipeline } from "../session/changes";
import { useSession } from "../session/context";
import { Secrets } from "./Secrets";
import { Usage } from "./Usage";
import { parsed, shown, TYPES, type ValueType } from "./values";

const NAME = /^[A-Za-z_]\w*$/;

/** The variables that every block of the pipeline gets, typed, with how to use each in code. */
export function Variables({ variables }: { variables: VariableDetail[] }) {
  const session = useSession();
  const remove = (one: VariableDetail) =>
    void changePipeline(session, { variables: { delete: [one.name] } }).then((gone) => {
      if (!gone) return;
      toast(`Deleted ${one.name}.`, { action: { label: "Undo", run: () => void changePipeline(session, { variables: { set: { [one.name]: one.value } } }) } });
    });
  return (
    <div className="flex flex-col gap-3">
      <p className="text-muted">Every block gets these, and a run may be given other values.</p>
      {variables.length > 0 && (
        <ul className="flex flex-col gap-2">
          {variables.map((one) => (
            <li key={one.name}>
              <Row key={JSON.stringify(one.value)} variable={one} onRemove={() => remove(one)} />
            </li>
          ))}
        </ul>
      )}
      <NewVariable taken={new Set(variables.map((one) => one.name))} />
      <Secrets />
    </div>
  );
}

function Row({ variable, onRemove }: { variable: VariableDetail; onRemove: () => void }) {
  const session = useSession();
  const [type, setType] = useState<ValueType>((TYPES as readonly string[]).includes(variable.type) ? (variable.type as ValueType) : "text");
  const [text, setText] = useState(shown(variable.value, variable.type));
  const [problem, setProblem] = useState("");
  const keep = (nextText = text, nextType = type) => {
    const answer = parsed(nextText, nextType);
    if ("problem" in answer) return setProblem(answer.problem);
    setProblem("");
    if (JSON.stringify(answer.value) === JSON.stringify(variable.value)) return undefined;
    return void changePipeline(session, { variables: { set: { [variable.name]: answer.value } } });
  };
  const uses = [
    { word: "Python", usage: `kwargs["${variable.name}"]` },
    { word: "SQL", usage: `{{ ${variable.name} }}` },
  ];
  return (
    <div className="rounded-card border border-line p-2">
      <div className="flex items-center gap-1.5">
        <b className="min-w-0 flex-1 truncate font-mono text-code font-semibold">{variable.name}</b>
        {uses.map((use) => <Usage key={use.word} {...use} />)}
        <IconButton label={`Delete ${variable.name}`} onClick={onRemove}><Trash2 size={13} aria-hidden="true" /></IconButton>
      </div>
      <div className="mt-1 flex gap-1.5">
        <ValueField label={`Value of ${variable.name}`} type={type} text={text} onText={setText} onKeep={keep} invalid={problem !== ""} />
        <Select
          aria-label={`Type of ${variable.name}`}
          value={type}
          onChange={(event) => {
            const next = event.target.value as ValueType;
            setType(next);
            const start = next === "boolean" ? String(text === "true") : text;
            setText(start);
            keep(start, next);
          }}
        >
          {TYPES.map((one) => <option key={one}>{one}</option>)}
        </Select>
      </div>
      {problem && <p role="alert" className="mt-1 text-[12px] text-failed">{problem}</p>}
    </div>
  );
}

interface FieldProps {
  label: string;
  type: ValueType;
  text: string;
  invalid: boolean;
  onText: (text: string) => void;
  onKeep: (text?: string) => void;
}

function ValueField({ label, type, text, invalid, onText, onKeep }: FieldProps) {
  if (type === "nothing") return <span className="flex-1 self-center text-muted">none</span>;
  if (type === "boolean") {
    return (
      <Select
        className="flex-1"
        aria-label={label}
        value={text === "true" ? "true" : "false"}
        onChange={(event) => {
          onText(event.target.value);
          onKeep(event.target.value);
        }}
      >
        <option>true</option>
        <option>false</option>
      </Select>
    );
  }
  return (
    <Input
      className="flex-1 font-mono"
      aria-label={label}
      aria-invalid={invalid}
      value={text}
      spellCheck={false}
      onChange={(event) => onText(event.target.value)}
      onBlur={() => onKeep()}
      onKeyDown={(event) => event.key === "Enter" && onKeep()}
    />
  );
}

function NewVariable({ taken }: { taken: ReadonlySet<string> }) {
  const session = useSession();
  const [name, setName] = useState("");
  const [type, setType] = useState<ValueType>("text");
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const add = () => {
    const answer = parsed(text, type);
    if (!NAME.test(name)) return setProblem("A name has letters, digits and _, and does not begin with a digit.");
    if (taken.has(name)) return setProblem(`There is a variable ${name} already.`);
    if ("problem" in answer) return setProblem(answer.problem);
    setProblem("");
    return void changePipeline(session, { variables: { set: { [name]: answer.value } } }).then((done) => {
      if (!done) return;
      setName("");
      setText("");
    });
  };
  return (
    <form
      className="rounded-card border border-dashed border-line-strong p-2"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <div className="flex gap-1.5">
        <Input className="font-mono" aria-label="Name of the new variable" placeholder="name" value={name} spellCheck={false} onChange={(event) => setName(event.target.value)} />
        <Select aria-label="Type of the new variable" value={type} onChange={(event) => setType(event.target.value as ValueType)}>
          {TYPES.map((one) => <option key={one}>{one}</option>)}
        </Select>
      </div>
      <div className="mt-1.5 flex gap-1.5">
        <ValueField label="Value of the new variable" type={type} text={text} onText={setText} onKeep={() => undefined} invalid={false} />
        <Button type="submit" icon={<Plus size={13} aria-hidden="true" />} disabled={name === ""}>Add</Button>
      </div>
      {problem && <p role="alert" className="mt-1 text-[12px] text-failed">{problem}</p>}
    </form>
  );
}
