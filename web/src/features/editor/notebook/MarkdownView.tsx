import { useMemo, type MouseEvent } from "react";
import type { VariableDetail } from "../../../api/types";
import { useDetail, useDocument } from "../session/context";
import { rendered } from "./markdown";

const NONE: VariableDetail[] = [];

/** A text block as it reads. Double click or Enter edits it. */
export function MarkdownView({ block, fallback, onEdit }: { block: string; fallback: string; onEdit: () => void }) {
  const text = useDocument(block, (doc) => doc?.mine) ?? fallback;
  const variables = useDetail((detail) => detail.variables) ?? NONE;
  const html = useMemo(() => rendered(text, variables), [text, variables]);
  const follow = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link) return;
    // Links of a text lead out of the studio, never over it.
    event.preventDefault();
    if (/^https?:/i.test(link.href)) window.open(link.href, "_blank", "noopener,noreferrer");
  };
  if (text.trim() === "") {
    return (
      <button type="button" className="px-4 py-3 text-muted" onClick={onEdit}>
        Write something: Markdown, and variables of the pipeline in double braces.
      </button>
    );
  }
  return <div className="markdown px-4 py-2" onDoubleClick={onEdit} onClick={follow} dangerouslySetInnerHTML={{ __html: html }} />;
}
