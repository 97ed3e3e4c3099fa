import { keymap, showDialog, type Command, type EditorView } from "@codemirror/view";
import type { Extension } from "@codemirror/state";
import { ApiError } from "../../../api/client";
import { changesBetween } from "../code/changes";
import { formatText } from "./queries";

/** Formats the text; what does not parse is left alone, and the reason shown above it. */
export const formatCode = (language: string, path: string | null): Command => (view) => {
  void format(view, language, path);
  return true;
};

async function format(view: EditorView, language: string, path: string | null): Promise<void> {
  const before = view.state.doc;
  try {
    // SQL is formatted here, by a part that is loaded when it is first asked for.
    const text = language === "sql" ? (await import("./sqlFormat")).formatSql(before.toString()) : await formatText({ language, content: before.toString(), path });
    // What was typed meanwhile is worth more than the format.
    if (view.state.doc.eq(before)) view.dispatch({ changes: changesBetween(before.toString(), text), userEvent: "format" });
  } catch (error) {
    const hint = error instanceof ApiError ? ` ${error.hint}` : "";
    showDialog(view, { label: `${error instanceof Error ? error.message : String(error)}${hint}`, class: "cm-lsp-message", top: true });
  }
}

/** Shift+Alt+F formats. */
export function formatting(language: string, path: string | null): Extension {
  return keymap.of([{ key: "Shift-Alt-f", run: formatCode(language, path), preventDefault: true }]);
}
