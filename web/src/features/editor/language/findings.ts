import { LSPPlugin, type LSPClient, type LSPClientExtension } from "@codemirror/lsp-client";
import { forceLinting, linter, type Diagnostic } from "@codemirror/lint";
import type { Extension, Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { findingsOf, type TextFinding } from "./queries";

interface Told {
  message: string;
  severity?: number;
  code?: string;
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
}

interface Published {
  uri: string;
  diagnostics: Told[];
}

const told = new Map<string, Told[]>();
const SEVERITIES = ["error", "error", "warning", "info", "hint"] as const;
const UNPARSABLE = "PS030";

/** Keeps what the language server finds, and has the editors of the file show it. */
export function publishedFindings(): LSPClientExtension {
  return {
    clientCapabilities: { textDocument: { publishDiagnostics: {} } },
    notificationHandlers: {
      "textDocument/publishDiagnostics": (client: LSPClient, { uri, diagnostics }: Published) => {
        told.set(uri, diagnostics);
        const view = client.workspace.getFile(uri)?.getView();
        if (view) forceLinting(view);
        return true;
      },
    },
  };
}

function offset(doc: Text, line: number, column: number): number {
  const found = doc.line(Math.max(1, Math.min(line, doc.lines)));
  return Math.min(found.from + Math.max(0, column), found.to);
}

export function shown(doc: Text, finding: Told): Diagnostic {
  const from = offset(doc, finding.range.start.line + 1, finding.range.start.character);
  const to = offset(doc, finding.range.end.line + 1, finding.range.end.character);
  return { from, to: Math.max(from, to), severity: SEVERITIES[finding.severity ?? 1] ?? "info", message: finding.message, source: finding.code };
}

/** A finding of the project's check: from its column to the end of the line; the whole first line when it has no place. */
export function checked(doc: Text, finding: TextFinding): Diagnostic {
  const line = doc.line(Math.max(1, Math.min(finding.line || 1, doc.lines)));
  const from = Math.min(line.from + Math.max(0, finding.column - 1), line.to);
  const message = finding.hint ? `${finding.message}\n${finding.hint}` : finding.message;
  return { from, to: line.to, severity: finding.severity, message, source: finding.code };
}

export interface CheckedPlace {
  path: string | null;
  pipeline: string | null;
  block: string | null;
}

/** Shows what the language server and the project's check find in a text, in one list. */
export function findings(place: CheckedPlace): Extension {
  return linter(async (view: EditorView) => {
    const doc = view.state.doc;
    const plugin = LSPPlugin.get(view);
    // A text that is empty is not wrong yet.
    const own = doc.length > 0 ? await findingsOf(asked(place, doc.toString())) : [];
    if (view.state.doc !== doc) return [];
    const server = plugin ? told.get(plugin.uri) : undefined;
    const parsed = own.filter((finding) => !(server?.length && finding.code === UNPARSABLE));
    return [...(server ?? []).map((finding) => shown(doc, finding)), ...parsed.map((finding) => checked(doc, finding))];
  }, { delay: 500 });
}

function asked({ path, pipeline, block }: CheckedPlace, content: string) {
  if (pipeline !== null && block !== null) return { content, pipeline, block };
  return path === null ? { content } : { content, path };
}
