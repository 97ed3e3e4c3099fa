import { Check, CloudUpload, Pencil, TriangleAlert } from "lucide-react";
import { useStore } from "zustand";
import { phaseOf, type Phase } from "../documents/machine";
import type { DocumentsState } from "../documents/store";
import { useSession } from "../session/context";
import { useNavigation } from "../session/selection";

const RANK: Phase[] = ["conflict", "gone", "problem", "saving", "dirty"];

/** The phase that matters most, with a block that is in it: "conflict load". A text, so that typing draws nothing anew. */
function worst({ docs }: DocumentsState): string {
  let found: { rank: number; block: string } | null = null;
  for (const [block, doc] of Object.entries(docs)) {
    const rank = RANK.indexOf(phaseOf(doc));
    if (rank >= 0 && (!found || rank < found.rank)) found = { rank, block };
  }
  return found ? `${RANK[found.rank]}\n${found.block}` : "";
}

/** Whether everything typed is on disk; if not, why, with the way to settle it. */
export function SavedState() {
  const session = useSession();
  const { select } = useNavigation();
  const [phase, block = ""] = useStore(session.documents.store, worst).split("\n");
  const look = "inline-flex items-center gap-1 whitespace-nowrap text-meta";
  if (phase === "conflict" || phase === "gone" || phase === "problem") {
    return (
      <button
        type="button"
        className={`${look} font-medium text-failed underline`}
        onClick={() => {
          select(block);
          if (phase === "problem") void session.documents.saveAll();
        }}
      >
        <TriangleAlert size={12} aria-hidden="true" /> {phase === "conflict" ? "changed elsewhere" : phase === "gone" ? "file deleted" : "not saved"}
      </button>
    );
  }
  const [Icon, word] = phase === "saving" ? [CloudUpload, "saving"] : phase === "dirty" ? [Pencil, "edited"] : [Check, "saved"];
  return (
    <span role="status" className={`${look} text-muted`}>
      <Icon size={12} aria-hidden="true" /> {word}
    </span>
  );
}
