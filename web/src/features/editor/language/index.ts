import type { CompletionSource } from "@codemirror/autocomplete";
import { LSPClient, hoverTooltips, serverCompletionSource, signatureHelp } from "@codemirror/lsp-client";
import { EditorState, type Extension } from "@codemirror/state";
import { ViewPlugin } from "@codemirror/view";
import DOMPurify from "dompurify";
import { addressOf } from "./addresses";
import { formatting } from "./format";
import { findings, publishedFindings } from "./findings";
import { pythonNames, sqlNames } from "./names";
import { navigation, type Hooks } from "./navigation";
import { namesOf } from "./queries";
import { Connector } from "./socket";
import { OpenFiles } from "./workspace";

export { saveEdits, edited, type FileEdits, type TextEdit } from "./edits";
export { formatCode } from "./format";
export { goToDefinition, renameEverywhere } from "./navigation";
export { formatText } from "./queries";
export { useLanguageState } from "./socket";

export interface LanguagePlace extends Hooks {
  /** The file, relative to the project; null for a text that stands in the pipeline's own file. */
  path: string | null;
  language: string;
  pipeline: string | null;
  block: string | null;
}

const SECONDS = 15;

let shared: { client: LSPClient; connector: Connector } | null = null;

/** The one client of this tab; made with the first Python editor. */
function languageClient() {
  if (!shared) {
    const client = new LSPClient({
      workspace: (made) => new OpenFiles(made),
      timeout: SECONDS * 1000,
      sanitizeHTML: (html) => DOMPurify.sanitize(html),
      extensions: [hoverTooltips(), signatureHelp(), publishedFindings()],
      unhandledNotification: () => undefined,
    });
    shared = { client, connector: new Connector(client) };
  }
  return shared;
}

/** Completion of the server, silent while there is none: what else is known is offered all the same. */
const serverNames: CompletionSource = async (context) => {
  if (!shared?.client.connected) return null;
  try {
    return await serverCompletionSource(context);
  } catch {
    return null;
  }
};

/** Completion, hover, signatures, definitions, renaming and findings for an editor of that text. */
export function languageExtensions(place: LanguagePlace): Extension {
  const { language, pipeline, block } = place;
  const names = () => (pipeline !== null && block !== null ? namesOf(pipeline, block) : Promise.resolve(null));
  const all: Extension[] = [];
  if (language === "python") {
    const { client, connector } = languageClient();
    const path = place.path ?? `pipelines/${pipeline ?? "none"}/${block ?? "text"}.py`;
    all.push(
      client.plugin(addressOf(path), "python"),
      ViewPlugin.define(() => {
        const release = connector.use();
        return { destroy: release };
      }),
      navigation(place),
      formatting(language, place.path),
      completion([serverNames, pythonNames(names)]),
    );
  }
  if (language === "sql") all.push(completion([sqlNames(names)]), formatting(language, place.path));
  if (language !== "markdown" || block !== null) all.push(findings(place));
  return all;
}

function completion(sources: CompletionSource[]): Extension {
  const data = sources.map((autocomplete) => ({ autocomplete }));
  return EditorState.languageData.of(() => data);
}
