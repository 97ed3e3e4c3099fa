import { Tags, Trash2, X } from "lucide-react";
import { useState, type FormEvent } from "react";
import type { PipelineSummary } from "../../api/types";
import { count } from "../../app/format";
import { Button, IconButton } from "../../ui/Button";
import { Input } from "../../ui/fields";
import { Popover } from "../../ui/Popover";
import { useManyPipelines } from "./queries";

/** What is done with all marked pipelines at once; what was deleted can be brought back. */
export function BulkBar({ marked, onClear }: { marked: readonly PipelineSummary[]; onClear: () => void }) {
  const { tag, remove, busy } = useManyPipelines();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const present = [...new Set(marked.flatMap((one) => one.tags))].sort();
  const add = (event: FormEvent) => {
    event.preventDefault();
    const tags = text.split(",").map((one) => one.trim()).filter(Boolean);
    if (tags.length === 0) return;
    void tag(marked, tags, []);
    setText("");
    setOpen(false);
  };
  return (
    <div role="toolbar" aria-label="Marked pipelines" className="flex flex-none flex-wrap items-center gap-2 border-y border-line bg-accent-soft px-4 py-1">
      <span role="status" className="tabular font-medium">{count(marked.length)} marked</span>
      <Popover label="Tags of the marked pipelines" open={open} onOpenChange={setOpen} trigger={<Button icon={<Tags size={13} aria-hidden="true" />} busy={busy}>Tags</Button>}>
        <form onSubmit={add} className="flex w-64 flex-col gap-2">
          <Input autoFocus value={text} onChange={(event) => setText(event.target.value)} placeholder="Tags to add, with commas" aria-label="Tags to add" />
          <Button type="submit" look="primary" disabled={!text.trim()}>Add to all of them</Button>
          {present.length > 0 && (
            <ul className="flex flex-wrap gap-1 border-t border-line pt-2" aria-label="Their tags">
              {present.map((one) => (
                <li key={one} className="inline-flex items-center gap-1 rounded-control bg-s2 px-1.5 text-meta">
                  {one}
                  <button type="button" aria-label={`Take the tag ${one} off them`} onClick={() => void tag(marked, [], [one])}><X size={11} aria-hidden="true" /></button>
                </li>
              ))}
            </ul>
          )}
        </form>
      </Popover>
      <Button look="danger" icon={<Trash2 size={13} aria-hidden="true" />} busy={busy} onClick={() => void remove(marked).then(onClear)}>Delete</Button>
      <IconButton label="Mark none" className="ml-auto" onClick={onClear}><X size={14} aria-hidden="true" /></IconButton>
    </div>
  );
}
