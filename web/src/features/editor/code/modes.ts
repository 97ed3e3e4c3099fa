import { python } from "@codemirror/lang-python";
import { StreamLanguage, indentUnit } from "@codemirror/language";
import type { Extension } from "@codemirror/state";

const SPACES = indentUnit.of("    ");

/** Modes that come when a text in their language is opened; Markdown brings HTML, CSS and JavaScript along. */
const FETCHED: Readonly<Record<string, () => Promise<Extension>>> = {
  sql: async () => {
    const { PostgreSQL, sql } = await import("@codemirror/lang-sql");
    return [sql({ dialect: PostgreSQL, upperCaseKeywords: true }), SPACES];
  },
  yaml: async () => (await import("@codemirror/lang-yaml")).yaml(),
  markdown: async () => (await import("@codemirror/lang-markdown")).markdown(),
  r: async () => StreamLanguage.define((await import("@codemirror/legacy-modes/mode/r")).r),
};

const there = new Map<string, Extension>([["python", [python(), SPACES]]]);

/** How a language is read: its colours, its indentation, its comments. */
export async function modeOf(language: string): Promise<Extension> {
  const known = plainModeOf(language);
  if (known) return known;
  const mode = (await FETCHED[language]?.()) ?? [];
  there.set(language, mode);
  return mode;
}

/** The mode of a language that is there already; null where it has to be fetched; none for unknown ones. */
export function plainModeOf(language: string): Extension | null {
  return there.get(language) ?? (language in FETCHED ? null : []);
}
