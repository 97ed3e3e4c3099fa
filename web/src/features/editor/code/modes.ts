import { python } from "@codemirror/lang-python";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { yaml } from "@codemirror/lang-yaml";
import { StreamLanguage, indentUnit } from "@codemirror/language";
import type { Extension } from "@codemirror/state";

/** How a language is read: its colours, its indentation, its comments. R and Markdown, which brings HTML, CSS and JavaScript along, come when a block of them is opened. */
export async function modeOf(language: string): Promise<Extension> {
  const known = plainModeOf(language);
  if (known) return known;
  if (language === "markdown") return (await import("@codemirror/lang-markdown")).markdown();
  const { r } = await import("@codemirror/legacy-modes/mode/r");
  return StreamLanguage.define(r);
}

/** The mode of a language that is loaded with the editor; null where it has to be fetched; none for unknown ones. */
export function plainModeOf(language: string): Extension | null {
  switch (language) {
    case "python":
      return [python(), indentUnit.of("    ")];
    case "sql":
      return [sql({ dialect: PostgreSQL, upperCaseKeywords: true }), indentUnit.of("    ")];
    case "yaml":
      return yaml();
    case "markdown":
    case "r":
      return null;
    default:
      return [];
  }
}
