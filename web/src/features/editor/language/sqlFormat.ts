/** Formats SQL. Spaces and line ends are all that may change: what comes out otherwise is refused. */
import { duckdb, formatDialect } from "sql-formatter";

/** Templates are kept as they are, as one thing each. */
const TEMPLATES = ["\\{\\{[\\s\\S]*?\\}\\}", "\\{%[\\s\\S]*?%\\}", "\\{#[\\s\\S]*?#\\}"];

/** Texts, quoted names, comments and templates whole; words; operators as they are written together; other signs. */
const TOKEN = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$|'(?:''|[^'])*'|"(?:""|[^"])*"|[\p{L}\p{N}_$]+|[<>=!|&+\-*/%^~#@?:]+|\S/gu;

/** The tokens of a text: two texts with the same ones say the same. */
export function tokensOf(sql: string): string[] {
  return [...sql.matchAll(TOKEN)].flatMap(([token]) => {
    if (token.startsWith("--")) return [token.trimEnd()];
    // A sign before a number stands for itself: `>-1` is `> -1`.
    const signed = /^([<>=!|&*/%^~#@?:]+)([+-])$/.exec(token);
    return signed ? [signed[1] as string, signed[2] as string] : [token];
  });
}

/** Throws an Error that says why when the text cannot be formatted without changing what it says. */
export function formatSql(sql: string): string {
  if (sql.trim() === "") return sql;
  let text: string;
  try {
    text = `${formatDialect(sql, { dialect: duckdb, tabWidth: 2, keywordCase: "preserve", paramTypes: { custom: TEMPLATES.map((regex) => ({ regex })) } })}\n`;
  } catch (error) {
    const first = (error instanceof Error ? error.message : String(error)).split("\n")[0]?.replace(/Unexpected "[\s\S]*/, "") ?? "";
    throw new Error(`Formatting SQL: it could not be read. ${first} It stays as it is.`);
  }
  const [before, after] = [tokensOf(sql), tokensOf(text)];
  const same = before.length === after.length && before.every((token, at) => token === after[at]);
  if (!same) throw new Error("Formatting SQL: more than spaces would change. It stays as it is.");
  return text;
}
