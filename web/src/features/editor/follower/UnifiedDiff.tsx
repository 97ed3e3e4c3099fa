import { unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { plainModeOf } from "../code/modes";
import { theme } from "../code/theme";

/** Two texts as one: what went is shown where it stood, what came is marked, what is the same is folded. */
export default function UnifiedDiff({ before, after, language }: { before: string; after: string; language: string }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const view = new EditorView({
      parent: host.current as HTMLElement,
      doc: after,
      extensions: [
        lineNumbers(),
        theme,
        plainModeOf(language) ?? [],
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "What changed in the code", tabindex: "0" }),
        unifiedMergeView({ original: before, mergeControls: false, gutter: true, collapseUnchanged: { margin: 3, minSize: 6 } }),
      ],
    });
    return () => view.destroy();
  }, [before, after, language]);
  return <div ref={host} className="code-diff min-h-0 flex-1 overflow-auto" />;
}
