import { MergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { Dialog as Radix } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import { Button } from "../../../ui/Button";
import { plainModeOf } from "../code/modes";
import { setup } from "../code/setup";
import { theme } from "../code/theme";
import { clashes, merge3, merged, type Choice } from "../documents/merge3";

type Side = "theirs" | "base" | "mine";

const SIDES: { side: Side; word: string; text: string }[] = [
  { side: "theirs", word: "Theirs", text: "the file as it is now" },
  { side: "base", word: "Before", text: "what both of you began with" },
  { side: "mine", word: "Mine", text: "what you typed" },
];

interface Props {
  /** What is merged, as a person calls it. */
  name: string;
  language: string;
  base: string;
  mine: string;
  theirs: string;
  onSave: (text: string) => void;
  onClose: () => void;
}

/** A three-way merge: one of the three texts at the left, the result at the right, to be edited and taken over. */
export function MergeTexts({ onClose, ...props }: Props) {
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content aria-describedby={undefined} className="fixed inset-4 z-40 flex flex-col overflow-hidden rounded-card border border-line bg-s0 shadow-[var(--shadow)]">
          <Merge {...props} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Merge({ name, language, base, mine, theirs, onSave }: Omit<Props, "onClose">) {
  const [side, setSide] = useState<Side>("theirs");
  const [pieces] = useState(() => merge3(base, mine, theirs));
  const result = useRef(merged(pieces));
  const view = useRef<MergeView>(null);
  const host = useRef<HTMLDivElement>(null);
  const open = clashes(pieces);

  useEffect(() => {
    const text = { theirs, base, mine }[side];
    const mode = plainModeOf(language) ?? [];
    const made = new MergeView({
      parent: host.current as HTMLElement,
      revertControls: "a-to-b",
      highlightChanges: true,
      gutter: true,
      collapseUnchanged: { margin: 4, minSize: 8 },
      a: { doc: text, extensions: [lineNumbers(), mode, theme, EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-label": side })] },
      b: {
        doc: result.current,
        extensions: [
          setup({ leave: () => undefined }),
          mode,
          EditorView.contentAttributes.of({ "aria-label": "Result" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) result.current = update.state.doc.toString();
          }),
        ],
      },
    });
    view.current = made;
    return () => made.destroy();
  }, [side, base, mine, theirs, language]);

  const choose = (choice: Choice) => {
    const now = view.current?.b;
    const text = merged(pieces, new Array<Choice>(open).fill(choice));
    now?.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: text } });
  };
  const active = SIDES.find((one) => one.side === side);
  return (
    <>
      <div className="flex flex-wrap items-center gap-3 border-b border-line px-4 py-2">
        <div className="min-w-60 flex-1">
          <Radix.Title className="text-title font-semibold">Merge {name}</Radix.Title>
          <p className="text-meta text-muted">
            {open === 0 ? "What both changed does not overlap: the result has both." : `Both changed the same lines in ${open} ${open === 1 ? "place" : "places"}; the result has yours there until you choose.`}
          </p>
        </div>
        {open > 0 && (
          <div className="flex items-center gap-1.5" role="group" aria-label="Where both changed the same lines">
            <span className="text-meta text-muted">Where they meet:</span>
            <Button onClick={() => choose("mine")}>mine</Button>
            <Button onClick={() => choose("theirs")}>theirs</Button>
            <Button onClick={() => choose("both")}>both</Button>
          </div>
        )}
      </div>
      <div className="grid grid-cols-2 border-b border-line bg-s1 px-4 py-1 text-meta">
        <div className="flex items-center gap-1" role="group" aria-label="Left side">
          {SIDES.map((one) => (
            <button key={one.side} type="button" aria-pressed={one.side === side} className={one.side === side ? "rounded-control bg-accent-soft px-2 font-semibold" : "rounded-control px-2 text-muted hover:text-fg"} onClick={() => setSide(one.side)}>
              {one.word}
            </button>
          ))}
          <span className="text-muted">{active?.text}</span>
        </div>
        <span><b className="font-semibold">Result</b> <span className="text-muted">edit it as you like; the arrows bring over a change from the left</span></span>
      </div>
      <div ref={host} className="merge-view min-h-0 flex-1 overflow-auto" />
      <div className="flex items-center justify-end gap-2 border-t border-line px-4 py-2">
        <Radix.Close asChild><Button look="quiet">Later</Button></Radix.Close>
        <Button
          look="primary"
          onClick={() => onSave(result.current)}
        >
          Save the result
        </Button>
      </div>
    </>
  );
}
