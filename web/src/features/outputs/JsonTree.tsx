import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import { ContextMenu } from "../../ui/Menu";

const FIRST = 100;

/** A JSON value as a tree that opens step by step; a path or a value is copied from its menu. */
export function JsonTree({ value, name = "", path = "$", open = true }: { value: unknown; name?: string; path?: string; open?: boolean }) {
  const [shown, setShown] = useState(open);
  const [most, setMost] = useState(FIRST);
  const entries = entriesOf(value);
  const copy = (text: string) => void navigator.clipboard.writeText(text);
  const menu = [
    { label: "Copy value", onSelect: () => copy(typeof value === "string" ? value : JSON.stringify(value, null, 2)) },
    { label: "Copy path", hint: path, onSelect: () => copy(path) },
  ];
  const label = name !== "" && <span className="text-[var(--code-name)]">{name}: </span>;
  if (!entries) {
    return (
      <ContextMenu items={menu}>
        <div className="whitespace-pre-wrap break-words py-px pl-4 font-mono text-code">
          {label}
          <Scalar value={value} />
        </div>
      </ContextMenu>
    );
  }
  const list = Array.isArray(value);
  return (
    <div className="font-mono text-code">
      <ContextMenu items={menu}>
        <button type="button" aria-expanded={shown} className="flex w-full items-center gap-0.5 py-px text-left hover:bg-s1" onClick={() => setShown(!shown)}>
          {shown ? <ChevronDown size={12} aria-hidden="true" /> : <ChevronRight size={12} aria-hidden="true" />}
          {label}
          <span className="text-muted">{list ? `[${entries.length}]` : `{${entries.length}}`}</span>
        </button>
      </ContextMenu>
      {shown && (
        <div className="ml-1.5 border-l border-line pl-2.5">
          {entries.slice(0, most).map(([key, item]) => (
            <JsonTree key={key} name={key} value={item} path={list ? `${path}[${key}]` : `${path}.${key}`} open={entries.length <= 20 && path.split(/[.[]/).length < 3} />
          ))}
          {entries.length > most && (
            <button type="button" className="pl-4 font-sans text-accent underline" onClick={() => setMost(most + 1000)}>
              Show more of {entries.length.toLocaleString("en-US")}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function entriesOf(value: unknown): [string, unknown][] | null {
  if (Array.isArray(value)) return value.map((item, index) => [String(index), item]);
  if (typeof value === "object" && value !== null) return Object.entries(value);
  return null;
}

function Scalar({ value }: { value: unknown }) {
  if (value === null || value === undefined) return <i className="text-muted">null</i>;
  if (typeof value === "string") return <span className="text-[var(--code-string)]">{JSON.stringify(value)}</span>;
  return <span className="text-[var(--code-number)]">{String(value)}</span>;
}
