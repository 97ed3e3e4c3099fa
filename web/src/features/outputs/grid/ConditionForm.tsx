import { useState, type FormEvent } from "react";
import { count } from "../../../app/format";
import { Button } from "../../../ui/Button";
import { Input, Select } from "../../../ui/fields";
import type { ColumnProfile } from "./profile";
import { usePreferences } from "../../../app/preferences";
import { OPERATORS, rangeOf, valueOf, type Condition, type GridColumn } from "./types";
import { shownTime, typedTime } from "./zones";

interface Props {
  column: GridColumn;
  profile: ColumnProfile | undefined;
  onAdd: (condition: Condition) => void;
}

/** A condition on one column: an operator, a value, or one of the most frequent values. */
export function ConditionForm({ column, profile, onAdd }: Props) {
  const operators = OPERATORS[column.family];
  const [op, setOp] = useState(operators[0]?.[0] ?? "=");
  const [text, setText] = useState(column.family === "boolean" ? "true" : "");
  const [to, setTo] = useState("");
  const [problem, setProblem] = useState("");
  const zone = usePreferences((held) => held.zone);
  const range = op === "between";
  const asMeant = (value: string) => (column.zone ? typedTime(value, zone) : value);
  const bare = op === "null" || op === "not null";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const value = range ? rangeOf(column.family, asMeant(text), asMeant(to)) : valueOf(column.family, op, asMeant(text));
    if (!bare && (value === null || (value === "" && op !== "=" && op !== "!="))) {
      setProblem(range ? "Give both ends." : column.family === "number" ? "Give a number." : "Give a value.");
      return;
    }
    onAdd({ column: column.index, op, value });
  };
  return (
    <form onSubmit={submit} className="flex w-64 flex-col gap-2">
      <Select value={op} onChange={(event) => setOp(event.target.value)} aria-label="Operator">
        {operators.map(([name, words]) => (
          <option key={name} value={name}>{words}</option>
        ))}
      </Select>
      {!bare && column.family === "boolean" && (
        <Select value={text} onChange={(event) => setText(event.target.value)} aria-label="Value">
          <option value="true">true</option>
          <option value="false">false</option>
        </Select>
      )}
      {!bare && column.family !== "boolean" && (
        <Input autoFocus value={text} onChange={(event) => { setText(event.target.value); setProblem(""); }} placeholder={placeholderOf(op, column.family)} aria-label={range ? "From" : "Value"} aria-invalid={problem !== ""} />
      )}
      {range && <Input value={to} onChange={(event) => { setTo(event.target.value); setProblem(""); }} placeholder={`to: ${placeholderOf("=", column.family)}`} aria-label="To" aria-invalid={problem !== ""} />}
      {!bare && column.zone && <p className="text-[12px] text-muted">{zone === "utc" ? "In UTC" : "In local time"}, as times are shown here.</p>}
      {problem && <p role="alert" className="text-[12px] text-failed">{problem}</p>}
      <Button type="submit" look="primary">Keep these rows</Button>
      {profile?.top && profile.top.length > 0 && (
        <ul className="max-h-40 overflow-y-auto border-t border-line pt-2">
          {profile.top.slice(0, 12).map((entry, index) => (
            <li key={index}>
              <button type="button" className="flex w-full justify-between gap-2 rounded-control px-1 py-0.5 text-left hover:bg-s2" onClick={() =>
                onAdd(entry.value === null ? { column: column.index, op: "null", value: null } : { column: column.index, op: "=", value: entry.value as string })}>
                <span className="truncate">{entry.value === null ? <i>null</i> : shownTime(String(entry.value), zone)}</span>
                <span className="tabular text-muted">{count(entry.count)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </form>
  );
}

function placeholderOf(op: string, family: string): string {
  if (op === "in" || op === "not in") return "a, b, c";
  if (op === "matches" || op === "not matches") return "^N\\d+JB$";
  return family === "time" ? "2013-07-01" : op === "between" ? "from" : "value";
}
