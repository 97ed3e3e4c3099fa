import { LSPPlugin, Workspace, type LSPClient, type WorkspaceFile } from "@codemirror/lsp-client";
import type { Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";

class OpenFile implements WorkspaceFile {
  version = 0;
  readonly views: EditorView[] = [];

  constructor(
    readonly uri: string,
    readonly languageId: string,
    public doc: Text,
  ) {}

  getView(main?: EditorView): EditorView | null {
    return (main && this.views.includes(main) ? main : this.views[this.views.length - 1]) ?? null;
  }
}

/** The files that editors show. Two editors may show one: blocks share files, and a page of files shows them too. */
export class OpenFiles extends Workspace {
  files: OpenFile[] = [];

  constructor(client: LSPClient) {
    super(client);
  }

  syncFiles() {
    const changed = [];
    for (const file of this.files) {
      for (const view of file.views) {
        const plugin = LSPPlugin.get(view);
        if (!plugin || plugin.unsyncedChanges.empty) continue;
        // The view in which somebody types says what the file is; the others follow by what the page does with it.
        const changes = plugin.unsyncedChanges;
        const previous = plugin.syncedDoc;
        plugin.clear();
        if (view.state.doc.eq(file.doc)) continue;
        const same = previous.eq(file.doc);
        file.doc = view.state.doc;
        file.version += 1;
        if (same) changed.push({ file, prevDoc: previous, changes });
        else this.resend(file);
      }
    }
    return changed;
  }

  openFile(uri: string, languageId: string, view: EditorView): void {
    const known = this.files.find((file) => file.uri === uri);
    if (known) {
      known.views.push(view);
      if (!known.doc.eq(view.state.doc)) {
        known.doc = view.state.doc;
        known.version += 1;
        this.resend(known);
      }
      return;
    }
    const file = new OpenFile(uri, languageId, view.state.doc);
    file.views.push(view);
    this.files.push(file);
    this.client.didOpen(file);
  }

  closeFile(uri: string, view: EditorView): void {
    const file = this.files.find((each) => each.uri === uri);
    if (!file) return;
    const at = file.views.indexOf(view);
    if (at >= 0) file.views.splice(at, 1);
    if (file.views.length > 0) return;
    this.files = this.files.filter((each) => each !== file);
    this.client.didClose(uri);
  }

  private resend(file: OpenFile): void {
    this.client.notification("textDocument/didChange", {
      textDocument: { uri: file.uri, version: file.version },
      contentChanges: [{ text: file.doc.toString() }],
    });
  }
}
