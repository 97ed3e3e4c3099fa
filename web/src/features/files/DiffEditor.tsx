import { MergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { plainModeOf } from "../editor/code/modes";
import { theme } from "../editor/code/theme";
import "../editor/editor.css";

interface Props {
  before: string;
  after: string;
  language: string;
  beforeLabel: string;
  afterLabel: string;
}

/** Two texts beside each other, changes marked, what is the same folded. */
export function DiffEditor({ before, after, language, beforeLabel, afterLabel }: Props) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const shared = [lineNumbers(), theme, plainModeOf(language) ?? [], EditorView.lineWrapping];
    const view = new MergeView({
      parent: host.current as HTMLElement,
      a: { doc: before, extensions: [...shared, EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ "aria-label": beforeLabel })] },
      b: {
        doc: after,
        extensions: [
          ...shared,
          EditorState.readOnly.of(true),
          EditorView.editable.of(false),
          EditorView.contentAttributes.of({ "aria-label": afterLabel }),
        ],
      },
      collapseUnchanged: { margin: 3, minSize: 6 },
      gutter: true,
    });
    return () => view.destroy();
  }, [before, after, language, beforeLabel, afterLabel]);
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="grid flex-none grid-cols-2 border-b border-line text-meta text-muted">
        <span className="truncate px-2 py-1">{beforeLabel}</span>
        <span className="truncate px-2 py-1">{afterLabel}</span>
      </div>
      <div ref={host} className="min-h-0 flex-1 overflow-auto" />
    </div>
  );
}
