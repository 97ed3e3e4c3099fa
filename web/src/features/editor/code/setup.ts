import { autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap, completionStatus } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyField, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldKeymap, indentOnInput } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap, searchPanelOpen } from "@codemirror/search";
import { EditorState, Prec, type Extension } from "@codemirror/state";
import {
  EditorView,
  crosshairCursor,
  drawSelection,
  dropCursor,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
  tooltips,
  type KeyBinding,
} from "@codemirror/view";
import { theme } from "./theme";

/** What an editor does on keys that mean something to the notebook around it. */
export interface EditorKeys {
  leave: () => void;
  /** The cursor leaves the text upwards or downwards. */
  beyond?: (step: 1 | -1) => void;
}

/** Keys of the notebook that an editor must leave alone. */
const TAKEN = new Set(["Mod-Enter", "Shift-Enter", "Mod-s"]);

const bindings: readonly KeyBinding[] = [
  ...closeBracketsKeymap,
  ...defaultKeymap,
  ...searchKeymap,
  ...historyKeymap,
  ...foldKeymap,
  ...completionKeymap,
  ...lintKeymap,
  indentWithTab,
]
  .filter((binding) => !TAKEN.has(binding.key ?? ""))
  // Shift+Enter runs the block: without this it would break the line as Enter does.
  .map((binding) => (binding.key === "Enter" ? { ...binding, shift: undefined } : binding));

function atEdge(view: EditorView, step: 1 | -1): boolean {
  const { main } = view.state.selection;
  if (!main.empty || completionStatus(view.state) !== null) return false;
  const line = view.state.doc.lineAt(main.head);
  return step === 1 ? line.to === view.state.doc.length : line.from === 0;
}

/** Everything but the language. */
export function setup(keys: EditorKeys): Extension {
  const own: KeyBinding[] = [
    {
      key: "Escape",
      run: (view) => {
        // The first Escape closes what is open above the text.
        if (completionStatus(view.state) === "active" || searchPanelOpen(view.state)) return false;
        if (view.state.selection.ranges.length > 1) return false;
        closeCompletion(view);
        keys.leave();
        return true;
      },
    },
    { key: "ArrowDown", run: (view) => move(view, 1) },
    { key: "ArrowUp", run: (view) => move(view, -1) },
  ];
  const move = (view: EditorView, step: 1 | -1): boolean => {
    if (!keys.beyond || !atEdge(view, step)) return false;
    const at = view.state.selection.main.head;
    if (at !== (step === 1 ? view.state.doc.length : 0)) return false;
    keys.beyond(step);
    return true;
  };
  return [
    // Before the keys of completion: one that is still being asked for would swallow the Escape.
    Prec.highest(keymap.of(own)),
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    dropCursor(),
    EditorState.allowMultipleSelections.of(true),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ defaultKeymap: true }),
    rectangularSelection(),
    crosshairCursor(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    search({ top: true }),
    tooltips({ parent: document.body }),
    keymap.of(bindings),
    theme,
  ];
}

const FIELDS = { history: historyField };

export type Frozen = unknown;

/** An editor's text, selection and history, to go on with later. */
export function freeze(state: EditorState): Frozen {
  return state.toJSON(FIELDS);
}

export function thaw(frozen: Frozen | undefined, text: string, extensions: Extension): EditorState {
  return frozen ? EditorState.fromJSON(frozen, { extensions }, FIELDS) : EditorState.create({ doc: text, extensions });
}
