import { useMemo, useRef } from "react";
import { useMay } from "../../../app/permissions";
import CodeEditor, { type CodeEditorProps } from "../code/CodeEditor";
import { languageExtensions, type LanguagePlace } from ".";

export interface LanguageEditorProps extends Omit<CodeEditorProps, "extensions" | "language"> {
  place: LanguagePlace;
}

/** A code editor that knows what its text is of: completion, definitions, renaming, findings, formatting. */
export default function LanguageEditor({ place, ...props }: LanguageEditorProps) {
  const mayEdit = useMay("edit");
  const latest = useRef(place);
  latest.current = place;
  const { path, language, pipeline, block } = place;
  const extensions = useMemo(
    () =>
      languageExtensions({
        path,
        language,
        pipeline,
        block,
        onOpenFile: (file, line) => latest.current.onOpenFile(file, line),
        onEdits: latest.current.onEdits && ((files) => latest.current.onEdits?.(files)),
      }),
    [path, language, pipeline, block],
  );
  return <CodeEditor {...props} readOnly={props.readOnly || !mayEdit} language={language} extensions={extensions} />;
}
