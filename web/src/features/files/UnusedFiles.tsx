import { FileCheck2, Trash2 } from "lucide-react";
import { useState } from "react";
import { ago, bytes, counted, dateTime } from "../../app/format";
import { Button, IconButton } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { useUnusedFiles, type UnusedFile, type UnusedFiles as Answer } from "./queries";

interface Props {
  shown: string;
  onOpen: (paths: string[]) => void;
  onDelete: (paths: string[]) => Promise<void>;
}

/** So many are drawn at first. */
const FIRST = 300;

/** Block files that no pipeline uses: looked at, and deleted one by one or together. */
export function UnusedFiles({ shown, onOpen, onDelete }: Props) {
  const { data, isPending, error } = useUnusedFiles();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState(false);
  const [drawn, setDrawn] = useState(FIRST);
  if (isPending) return <div className="p-3"><Spinner label="Looking for unused files" /></div>;
  if (error) return <ErrorCard className="m-3" error={error} />;
  const marked = data.files.filter(({ path }) => chosen.has(path)).map(({ path }) => path);
  const all = marked.length === data.files.length;
  const remove = (paths: string[]) => {
    setBusy(true);
    void onDelete(paths).finally(() => {
      setChosen(new Set());
      setBusy(false);
    });
  };
  const toggle = (path: string) => setChosen((before) => (before.has(path) ? new Set([...before].filter((one) => one !== path)) : new Set([...before, path])));
  if (data.files.length === 0) {
    return (
      <div className="flex h-full flex-col">
        <Doubts answer={data} onOpen={onOpen} />
        <div className="min-h-0 flex-1">
          {data.withheld > 0 ? <EmptyState title="None that is certain">Of every block file something may still need it.</EmptyState> : <EmptyState icon={<FileCheck2 size={32} aria-hidden="true" />} title="No unused block files">Each of them belongs to a pipeline, or another file imports it.</EmptyState>}
        </div>
      </div>
    );
  }
  return (
    <div className="flex h-full min-h-0 flex-col">
      <Doubts answer={data} onOpen={onOpen} />
      <div className="flex h-9 flex-none items-center gap-2 border-b border-line px-2">
        <label className="flex items-center gap-2 text-ui">
          <input type="checkbox" checked={all} ref={(box) => { if (box) box.indeterminate = marked.length > 0 && !all; }} onChange={() => setChosen(all ? new Set() : new Set(data.files.map(({ path }) => path)))} />
          {marked.length > 0 ? `${marked.length} of ${data.files.length}` : `${counted(data.files.length, "file")}, ${bytes(data.files.reduce((sum, { size }) => sum + size, 0))}`}
        </label>
        {marked.length > 0 && (
          <span className="ml-auto flex gap-1">
            <Button onClick={() => onOpen(marked)}>Open</Button>
            <Button look="danger" busy={busy} onClick={() => remove(marked)}>Delete</Button>
          </span>
        )}
      </div>
      <ul className="min-h-0 flex-1 overflow-y-auto py-1" aria-label="Unused block files">
        {data.files.slice(0, drawn).map((file) => <Row key={file.path} file={file} shown={file.path === shown} chosen={chosen.has(file.path)} onToggle={() => toggle(file.path)} onOpen={() => onOpen([file.path])} onDelete={() => remove([file.path])} />)}
      </ul>
      {data.files.length > drawn && <Button className="m-2 flex-none" onClick={() => setDrawn(data.files.length)}>Show {data.files.length - drawn} more</Button>}
    </div>
  );
}

function Row({ file, shown, chosen, onToggle, onOpen, onDelete }: { file: UnusedFile; shown: boolean; chosen: boolean; onToggle: () => void; onOpen: () => void; onDelete: () => void }) {
  return (
    <li className={`group flex items-center gap-2 px-2 hover:bg-s2 ${shown ? "bg-accent-soft" : ""}`}>
      <input type="checkbox" aria-label={`Choose ${file.path}`} checked={chosen} onChange={onToggle} className="flex-none" />
      <button type="button" aria-current={shown || undefined} onClick={onOpen} title={`${file.path}\nchanged ${dateTime(file.modified)}`} className="min-w-0 flex-1 py-1 text-left">
        <span className="block truncate text-ui">{file.path}</span>
        <span className="block truncate text-meta text-muted">{file.type.replaceAll("_", " ")} · {bytes(file.size)} · {ago(file.modified)}</span>
      </button>
      <IconButton label={`Delete ${file.path}`} onClick={onDelete}><Trash2 size={14} aria-hidden="true" /></IconButton>
    </li>
  );
}

/** Why the list may be shorter than it could be. */
function Doubts({ answer: { unread, withheld }, onOpen }: { answer: Answer; onOpen: (paths: string[]) => void }) {
  if (unread.length === 0 && withheld === 0) return null;
  const left = withheld === 0 ? "" : `${counted(withheld, "file")} that may be needed ${withheld === 1 ? "is" : "are"} left out. `;
  return (
    <div role="status" className="flex-none border-b border-line bg-stale-soft px-3 py-1.5 text-[12px]">
      {unread.length === 0 ? <p>{left}It cannot be told which file belongs to some block, or the project has too many files to look at.</p> : <p>{left}Not everything could be read, so the list may be incomplete:</p>}
      <ul>
        {unread.slice(0, 5).map((path) => <li key={path}><button type="button" className="max-w-full truncate text-accent underline" onClick={() => onOpen([path])}>{path}</button></li>)}
        {unread.length > 5 && <li>and {unread.length - 5} more</li>}
      </ul>
    </div>
  );
}
