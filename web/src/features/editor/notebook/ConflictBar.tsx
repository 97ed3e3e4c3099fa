import { GitMerge } from "lucide-react";
import { Button } from "../../../ui/Button";
import { clashes, merge3, merged } from "../documents/merge3";
import { useDocument, useSession } from "../session/context";

/** Says that a file changed under unsaved text, and offers every way out. Nothing is saved until one is chosen. */
export function ConflictBar({ block }: { block: string }) {
  const session = useSession();
  const doc = useDocument(block, (one) => one);
  if (!doc?.theirs) return null;
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
        {open === 0 && <Button look="primary" onClick={() => void session.documents.resolve(block, merged(pieces))}>Keep both</Button>}
        <Button look={open === 0 ? "normal" : "primary"} onClick={() => session.ui.setState({ merging: block })}>Compare and merge</Button>
        <Button onClick={() => void session.documents.resolve(block, theirs.content)}>Take theirs</Button>
        <Button onClick={() => void session.documents.resolve(block, mine)}>Keep mine</Button>
      </span>
    </div>
  );
}
