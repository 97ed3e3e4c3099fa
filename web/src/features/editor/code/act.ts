import { openSearchPanel } from "@codemirror/search";
import { EditorView, type Command } from "@codemirror/view";
import type { BlockDetail } from "../../../api/types";
import { formatCode, goToDefinition, renameEverywhere } from "../language";

const COMMANDS: Readonly<Record<string, (block: BlockDetail) => Command>> = {
  format: (block) => formatCode(block.language, block.file),
  definition: () => goToDefinition,
  rename: () => renameEverywhere,
  find: () => openSearchPanel,
};

/** Does in the editor of a block what its keys do there: for the palette, where the editor has lost the focus. */
export function act(name: string, block: BlockDetail): void {
  const host = document.getElementById(`block-${block.uuid}`)?.querySelector<HTMLElement>(".cm-editor");
  const view = host ? EditorView.findFromDOM(host) : null;
  if (!view) return;
  view.focus();
  COMMANDS[name]?.(block)(view);
}
