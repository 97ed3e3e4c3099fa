import type { OutputItem } from "../../../api/types";

export interface Line {
  key: number;
  text: string;
  stream: OutputItem["stream"];
}

const MOST = 5000;
let next = 0;

/** Lines with those of new items after them, the newest 5,000. */
export function withItems(lines: readonly Line[], items: readonly OutputItem[]): readonly Line[] {
  const added: Line[] = [];
  for (const item of items) {
    const text = item.text.endsWith("\n") ? item.text.slice(0, -1) : item.text;
    for (const line of text.split("\n")) added.push({ key: next++, text: afterReturn(line), stream: item.stream });
  }
  const all = [...lines, ...added];
  return all.length > MOST ? all.slice(-MOST) : all;
}

/** What a terminal would show of a line that goes back to its start, as progress bars do. */
function afterReturn(line: string): string {
  const plain = line.endsWith("\r") ? line.slice(0, -1) : line;
  return plain.slice(plain.lastIndexOf("\r") + 1);
}
