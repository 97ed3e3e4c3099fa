import { FileX2 } from "lucide-react";
import type { BlockDetail } from "../../../api/types";
import { Button } from "../../../ui/Button";
import { toast } from "../../../ui/toasts";
import { isDirty, type Document } from "../documents/machine";
import { isMissing } from "../documents/store";
import { useSession } from "../session/context";
import { createMissing } from "../session/changes";

/** Says that the file of a block is gone while its text is still here, and offers to write it again. */
export function Gone({ block, doc }: { block: string; doc: Document }) {
  const session = useSession();
  const typed = isDirty(doc);
  const drop = () => {
    session.documents.forget(block);
    toast(`Let go of the text of ${block}.`, {
      seconds: 60,
      action: { label: "Copy the text", run: () => void navigator.clipboard.writeText(doc.mine) },
    });
  };
  return (
    <div role="alert" className="flex flex-wrap items-center gap-2 border-y border-line bg-stale-soft px-3 py-1.5 text-ui">
      <FileX2 size={14} className="flex-none text-stale" aria-hidden="true" />
      <span className="min-w-40 flex-1">
        The file was deleted on disk. {typed ? "What you typed is still here, and nowhere else." : "This is the text that it had."}
        {doc.problem && <span className="block text-failed">{doc.problem.message} {doc.problem.hint}</span>}
      </span>
      <span className="flex flex-wrap gap-1.5">
        <Button look="primary" onClick={() => void session.documents.recreate(block)}>{typed ? "Create it with my text" : "Create it again"}</Button>
        <Button onClick={drop}>{typed ? "Drop my text" : "Let it go"}</Button>
      </span>
    </div>
  );
}

/** What stands in the place of a text that cannot be shown. */
export function NoText({ block }: { block: BlockDetail }) {
  const session = useSession();
  if (!block.content_error) return null;
  return (
    <div role="alert" className="flex flex-wrap items-center gap-2 px-3 py-2">
      <span className="min-w-40 flex-1 text-failed">{block.content_error}</span>
      {isMissing(block) && <Button onClick={() => void createMissing(session, block.uuid)}>Create an empty file</Button>}
    </div>
  );
}
