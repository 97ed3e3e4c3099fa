import { LSPPlugin } from "@codemirror/lsp-client";
import { Facet, type Extension } from "@codemirror/state";
import { EditorView, keymap, showDialog, type Command } from "@codemirror/view";
import { pathOf, shortName } from "./addresses";
import { editsOf, saveEdits, type FileEdits } from "./edits";

export interface Hooks {
  /** Show a file of the project at a line, from 1. */
  onOpenFile: (path: string, line: number) => void;
  /** Make changes in files that this editor does not show; by default they are saved at once. */
  onEdits?: (files: FileEdits[]) => void | Promise<void>;
}

const hooks = Facet.define<Hooks, Hooks | null>({ combine: (all) => all[0] ?? null });

interface Location {
  uri?: string;
  targetUri?: string;
  range?: { start: { line: number; character: number } };
  targetSelectionRange?: { start: { line: number; character: number } };
}

function say(view: EditorView, text: string): void {
  showDialog(view, { label: text, class: "cm-lsp-message", top: true });
}

/** Go to where the name at a place is defined: in this text, or in another file of the project. */
async function goTo(view: EditorView, position: number): Promise<void> {
  const plugin = LSPPlugin.get(view);
  if (!plugin?.client.connected) return;
  plugin.client.sync();
  const params = { textDocument: { uri: plugin.uri }, position: plugin.toPosition(position) };
  const answer = await plugin.client.request<typeof params, Location | Location[] | null>("textDocument/definition", params);
  const target = Array.isArray(answer) ? answer[0] : answer;
  const address = target?.uri ?? target?.targetUri;
  const start = (target?.range ?? target?.targetSelectionRange)?.start;
  if (!address || !start) return say(view, "There is no definition to go to.");
  if (address === plugin.uri) {
    const at = plugin.fromPosition(start);
    view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }), userEvent: "select.definition" });
    return;
  }
  const path = pathOf(address);
  if (path === null) return say(view, `It is defined outside the project: ${shortName(address)}, line ${start.line + 1}.`);
  view.state.facet(hooks)?.onOpenFile(path, start.line + 1);
}

const reported = (view: EditorView, what: Promise<void>): true => {
  what.catch((error: unknown) => say(view, error instanceof Error ? error.message : String((error as { message?: string })?.message ?? error)));
  return true;
};

export const goToDefinition: Command = (view) =>
  LSPPlugin.get(view) !== null && reported(view, goTo(view, view.state.selection.main.head));

/** Ask for a new name of what stands at the cursor, and give it everywhere in the project. */
export const renameEverywhere: Command = (view) => {
  const word = view.state.wordAt(view.state.selection.main.head);
  if (!word || !LSPPlugin.get(view)) return false;
  const { close, result } = showDialog(view, {
    label: "New name",
    input: { name: "name", value: view.state.sliceDoc(word.from, word.to) },
    focus: true,
    submitLabel: "Rename",
    class: "cm-lsp-rename-panel",
    top: true,
  });
  return reported(view, result.then((form) => {
    view.dispatch({ effects: close });
    view.focus();
    const name = (form?.elements.namedItem("name") as HTMLInputElement | null)?.value.trim();
    return name ? rename(view, word.from, name) : undefined;
  }));
};

async function rename(view: EditorView, position: number, newName: string): Promise<void> {
  const plugin = LSPPlugin.get(view);
  if (!plugin) return;
  plugin.client.sync();
  const before = view.state.doc;
  const params = { textDocument: { uri: plugin.uri }, position: plugin.toPosition(position), newName };
  const answer = await plugin.client.request<typeof params, Parameters<typeof editsOf>[0]>("textDocument/rename", params);
  if (view.state.doc !== before) return say(view, "The text has changed meanwhile; rename again.");
  const own = pathOf(plugin.uri);
  const files = editsOf(answer, pathOf);
  if (files.length === 0) return say(view, "Nothing here can be renamed.");
  for (const { edits } of files.filter(({ path }) => path === own)) {
    view.dispatch({
      changes: edits.map(({ from, to, text }) => ({ from: before.line(from.line).from + from.column - 1, to: before.line(to.line).from + to.column - 1, insert: text })),
      userEvent: "rename",
    });
  }
  const others = files.filter(({ path }) => path !== own);
  if (others.length === 0) return;
  const onEdits = view.state.facet(hooks)?.onEdits;
  if (onEdits) return void (await onEdits(others));
  const failed = await saveEdits(others);
  if (failed.length > 0) say(view, `Not renamed in ${failed.map(({ path, reason }) => `${path} (${reason})`).join(", ")}.`);
}

const look = EditorView.baseTheme({
  ".cm-panel.cm-dialog": { padding: "6px 10px", fontSize: "12.5px", fontFamily: "var(--font-sans, inherit)" },
  ".cm-panel.cm-dialog label": { fontSize: "12.5px" },
  ".cm-panel.cm-dialog input": {
    margin: "0 6px",
    padding: "2px 6px",
    fontSize: "12.5px",
    fontFamily: "var(--font-mono)",
    color: "var(--text)",
    backgroundColor: "var(--surface-0)",
    border: "1px solid var(--line-strong)",
    borderRadius: "4px",
  },
  ".cm-panel.cm-dialog button": { color: "var(--text)", cursor: "pointer" },
  ".cm-panel.cm-dialog button[type=submit]": {
    padding: "2px 8px",
    backgroundColor: "var(--surface-2)",
    border: "1px solid var(--line-strong)",
    borderRadius: "4px",
  },
  ".cm-lsp-hover-tooltip, .cm-lsp-signature-tooltip": { maxWidth: "640px", maxHeight: "320px", overflow: "auto", fontSize: "12.5px" },
  ".cm-lsp-hover-tooltip pre, .cm-lsp-hover-tooltip code": { fontFamily: "var(--font-mono)", whiteSpace: "pre-wrap" },
});

/** F12 and Ctrl or Cmd with a click go to the definition, F2 renames. */
export function navigation(given: Hooks): Extension {
  return [
    hooks.of(given),
    look,
    keymap.of([
      { key: "F12", run: goToDefinition, preventDefault: true },
      { key: "F2", run: renameEverywhere, preventDefault: true },
    ]),
    EditorView.domEventHandlers({
      mousedown(event, view) {
        if (event.button !== 0 || !(event.metaKey || event.ctrlKey) || event.altKey || !LSPPlugin.get(view)) return false;
        const position = view.posAtCoords({ x: event.clientX, y: event.clientY });
        if (position === null || !view.state.wordAt(position)) return false;
        event.preventDefault();
        return reported(view, goTo(view, position));
      },
    }),
  ];
}
