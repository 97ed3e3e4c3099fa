import { Annotation, Compartment, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { changesBetween } from "./changes";
import { modeOf, plainModeOf } from "./modes";
import { freeze, setup, thaw, type EditorKeys, type Frozen } from "./setup";

export interface CodeEditorProps {
  text: string;
  /** Changes when `text` came from elsewhere and is to be taken; typing does not change it. */
  external: number;
  language: string;
  label: string;
  readOnly?: boolean;
  /** More for this place: completion, diagnostics. Changes of identity load it anew. */
  extensions?: Extension;
  keys: EditorKeys;
  /** Line to put the cursor on when it is to take the focus; 0 keeps the cursor; null leaves the focus alone. */
  focus: number | null;
  onFocused?: () => void;
  onChange: (text: string) => void;
  frozen?: Frozen;
  onFreeze?: (frozen: Frozen) => void;
}

const fromElsewhere = Annotation.define<boolean>();

/** A code editor. Its text is its own once it stands; the page hears of every change. */
export default function CodeEditor(props: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useRef(props);
  latest.current = props;
  const parts = useRef({ language: new Compartment(), more: new Compartment(), access: new Compartment() });

  useEffect(() => {
    const { text, frozen, language, readOnly, extensions, label } = latest.current;
    const { language: mode, more, access } = parts.current;
    const all = [
      setup({
        leave: () => latest.current.keys.leave(),
        beyond: (step) => latest.current.keys.beyond?.(step),
      }),
      mode.of(plainModeOf(language) ?? []),
      more.of(extensions ?? []),
      access.of(EditorView.editable.of(!readOnly)),
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
      EditorView.updateListener.of((update) => {
        const typed = update.transactions.some((one) => one.docChanged && !one.annotation(fromElsewhere));
        if (typed) latest.current.onChange(update.state.doc.toString());
      }),
    ];
    const made = new EditorView({ state: thaw(frozen, text, all), parent: host.current as HTMLElement });
    view.current = made;
    take(made, text);
    return () => {
      latest.current.onFreeze?.(freeze(made.state));
      made.destroy();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    if (view.current) take(view.current, latest.current.text);
  }, [props.external]);

  useEffect(() => {
    let live = true;
    const { language: mode } = parts.current;
    void modeOf(props.language).then((extension) => {
      if (live) view.current?.dispatch({ effects: mode.reconfigure(extension) });
    });
    return () => {
      live = false;
    };
  }, [props.language]);

  useEffect(() => {
    view.current?.dispatch({ effects: parts.current.more.reconfigure(props.extensions ?? []) });
  }, [props.extensions]);

  useEffect(() => {
    view.current?.dispatch({ effects: parts.current.access.reconfigure(EditorView.editable.of(!props.readOnly)) });
  }, [props.readOnly]);

  useEffect(() => {
    const now = view.current;
    if (!now || props.focus === null) return;
    now.focus();
    if (props.focus > 0) {
      const line = now.state.doc.line(Math.min(props.focus, now.state.doc.lines));
      now.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
    }
    latest.current.onFocused?.();
  }, [props.focus]);

  return <div ref={host} className="min-w-0" />;
}

/** Shows `text`, as the fewest changes; they can be undone like any other, and the cursor stays in its place. */
function take(view: EditorView, text: string): void {
  const now = view.state.doc.toString();
  if (now !== text) view.dispatch({ changes: changesBetween(now, text), annotations: fromElsewhere.of(true) });
}
