import { ApiError, api } from "../../../api/client";

/** A place in a text: line and column count from 1, columns in UTF-16 units. */
export interface Place {
  line: number;
  column: number;
}

export interface TextEdit {
  from: Place;
  to: Place;
  text: string;
}

/** Changes to one file of the project; they do not overlap, and all places are those of the text before. */
export interface FileEdits {
  path: string;
  edits: TextEdit[];
}

interface Changes {
  changes?: Record<string, { range: { start: Position; end: Position }; newText: string }[]>;
}

interface Position {
  line: number;
  character: number;
}

const placeOf = (position: Position): Place => ({ line: position.line + 1, column: position.character + 1 });

/** The changes that a renaming answers, by file; those outside the project are left out. */
export function editsOf(answer: Changes | null, path: (address: string) => string | null): FileEdits[] {
  const found: FileEdits[] = [];
  for (const [address, changes] of Object.entries(answer?.changes ?? {})) {
    const file = path(address);
    if (file === null || changes.length === 0) continue;
    const edits = changes.map(({ range, newText }) => ({ from: placeOf(range.start), to: placeOf(range.end), text: newText }));
    found.push({ path: file, edits });
  }
  return found;
}

/** The text with the edits made. A place beyond the end of its line or of the text is an error: the text is another one. */
export function edited(text: string, edits: readonly TextEdit[]): string {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const offset = ({ line, column }: Place): number => {
    const start = starts[line - 1];
    const end = (starts[line] ?? text.length + 1) - 1;
    if (start === undefined || start + column - 1 > end) throw new RangeError("The text has changed.");
    return start + column - 1;
  };
  const places = edits.map((edit) => ({ from: offset(edit.from), to: offset(edit.to), text: edit.text }));
  places.sort((one, other) => other.from - one.from);
  return places.reduce((now, { from, to, text: piece }) => now.slice(0, from) + piece + now.slice(to), text);
}

/** Make the edits in the files themselves; the paths that could not be changed, with the reason. */
export async function saveEdits(files: readonly FileEdits[]): Promise<{ path: string; reason: string }[]> {
  const failed: { path: string; reason: string }[] = [];
  for (const { path, edits } of files) {
    try {
      const file = await api.get<{ content: string | null; revision: string; problem: string | null }>("/files/content", { query: { path } });
      if (file.content === null) throw new Error(file.problem ?? "It is no text.");
      const content = edited(file.content, edits);
      await api.put("/files/content", { query: { path }, body: { content, revision: file.revision } });
    } catch (error) {
      const hint = error instanceof ApiError && error.hint ? ` ${error.hint}` : "";
      failed.push({ path, reason: `${error instanceof Error ? error.message : String(error)}${hint}` });
    }
  }
  return failed;
}
