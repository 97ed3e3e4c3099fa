import { GitMerge } from "lucide-react";
import { Button } from "../../../ui/Button";
import type { Document } from "../documents/machine";
import { clashes, merge3, merged } from "../documents/merge3";
import { useDocument, useSession } from "../session/context";
import { Gone } from "./GoneBar";

/** Says that a block's file changed under unsaved text, or was deleted. */
export function ConflictBar({ block }: { block: string }) {
  const session = useSession();
  const doc = useDocument(block, (one) => one);
  if (!doc) return null;
  if (doc.gone) return <Gone block={block} doc={doc} />;
  return <Conflict doc={doc} onResolve={(text) => void session.documents.resolve(block, text)} onMerge={() => session.ui.setState({ merging: block })} />;
}

/** Says that a file changed under unsaved text, and offers every way out. Nothing is saved until one is chosen. */
export function Conflict({ doc, onResolve, onMerge }: { doc: Document; onResolve: (text: string) => void; onMerge: () => void }) {
  if (!doc.theirs) return null;
  const { theirs, mine, base } = doc;
  const pieces = merge3(base, mine, theirs.content);
  const open = clashes(pieces);
  return (
    <div role="alert" className="flex flex-wrap items-center gap-2 border-y border-line bg-stale-soft px-3 py-1.5 text-ui">
      <GitMerge size={14} className="flex-none text-stale" aria-hidden="true" />
      <span className="min-w-40 flex-1">
        The file was changed elsewhere while you typed. {open === 0 ? "The two changes do not touch each other." : `They meet in ${open} ${open === 1 ? "place" : "places"}.`}
      </span>
      <span className="flex flex-wrap gap-1.5">
        {open === 0 && <Button look="primary" onClick={() => onResolve(merged(pieces))}>Keep both</Button>}
        <Button look={open === 0 ? "normal" : "primary"} onClick={onMerge}>Compare and merge</Button>
        <Button onClick={() => onResolve(theirs.content)}>Take theirs</Button>
        <Button onClick={() => onResolve(mine)}>Keep mine</Button>
      </span>
    </div>
  );
}
