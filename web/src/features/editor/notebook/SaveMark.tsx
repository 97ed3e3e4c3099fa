import { AlertTriangle, CloudUpload, FileX2, GitMerge, Pencil } from "lucide-react";
import { useDocument, usePhase, useSession } from "../session/context";

/** Whether the text of a block is on disk; nothing is shown while it is. */
export function SaveMark({ block }: { block: string }) {
  const session = useSession();
  const phase = usePhase(block);
  const problem = useDocument(block, (doc) => doc?.problem);
  if (phase === "dirty" || phase === "saving") {
    const Icon = phase === "saving" ? CloudUpload : Pencil;
    return (
      <span className="flex-none text-muted" title={phase === "saving" ? "Saving" : "Edited: saved a moment after you stop typing, and by running"}>
        <Icon size={11} aria-hidden="true" />
        <span className="sr-only">{phase === "saving" ? "saving" : "edited"}</span>
      </span>
    );
  }
  if (phase === "problem") {
    return (
      <button
        type="button"
        className="inline-flex flex-none items-center gap-1 whitespace-nowrap text-meta font-medium text-failed underline"
        title={`${problem?.message ?? ""} ${problem?.hint ?? ""} Press to try again.`}
        onClick={() => void session.documents.saveNow(block)}
      >
        <AlertTriangle size={11} aria-hidden="true" /> not saved
      </button>
    );
  }
  if (phase === "conflict") {
    return (
      <button
        type="button"
        className="flex-none text-stale"
        title="The file was changed elsewhere: compare and merge"
        onClick={() => session.ui.setState({ merging: block })}
      >
        <GitMerge size={12} aria-hidden="true" />
        <span className="sr-only">changed elsewhere</span>
      </button>
    );
  }
  if (phase === "gone") {
    return (
      <span className="flex-none text-stale" title="The file was deleted on disk">
        <FileX2 size={12} aria-hidden="true" />
        <span className="sr-only">file deleted</span>
      </span>
    );
  }
  return null;
}
