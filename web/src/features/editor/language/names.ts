import type { Completion, CompletionContext, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import { ensureSyntaxTree, syntaxTree } from "@codemirror/language";
import type { BlockNames, ColumnName, UpstreamNames } from "./queries";

/** How long a completion may wait for the text before it to be read. */
const PARSING_MS = 1000;

/** Completion from what is stored: columns of upstreams, variables, upstream tables. */

const IDENTIFIER = /^[A-Za-z_]\w*$/;

function columnOptions(columns: readonly ColumnName[], of: string, quote = ""): Completion[] {
  return columns.map(({ name, type }) => ({
    label: name,
    detail: `${type} · ${of}`,
    type: "property",
    boost: 5,
    apply: quote ? name.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`) : name,
  }));
}

function every(upstream: readonly UpstreamNames[], quote = ""): Completion[] {
  const seen = new Set<string>();
  return upstream
    .flatMap((each) => columnOptions(each.columns, each.block, quote))
    .filter((option) => !seen.has(option.label) && seen.add(option.label));
}

const named = (names: BlockNames, word: string): UpstreamNames | undefined =>
  names.upstream.find((each) => [each.argument, each.block, each.table].some((name) => name?.toLowerCase() === word.toLowerCase()));

/** In Python: columns in texts, behind `frame.` where `frame` receives an upstream, and variables in `kwargs["..."]`. */
export function pythonNames(names: () => Promise<BlockNames | null>): CompletionSource {
  return async (context) => {
    // Up to the cursor the text is read in any case: a busy machine may not have come so far yet.
    const tree = ensureSyntaxTree(context.state, context.pos, PARSING_MS) ?? syntaxTree(context.state);
    const node = tree.resolveInner(context.pos, -1);
    if (node.name === "Comment") return null;
    if (node.name === "String" || node.name === "ContinuedString") return inText(context, node.from, await names());
    const member = context.matchBefore(/\b[A-Za-z_]\w*\.\w*$/);
    if (!member) return null;
    const dot = member.text.indexOf(".");
    const known = await names();
    const upstream = known && named(known, member.text.slice(0, dot));
    if (!upstream) return null;
    const columns = upstream.columns.filter(({ name }) => IDENTIFIER.test(name));
    return { from: member.from + dot + 1, options: columnOptions(columns, upstream.block), validFor: /^\w*$/ };
  };
}

function inText(context: CompletionContext, start: number, names: BlockNames | null): CompletionResult | null {
  const opening = /^[a-zA-Z]*("""|'''|"|')/.exec(context.state.sliceDoc(start, Math.min(start + 8, context.state.doc.length)));
  if (!names || !opening || opening[1]?.length === 3 || start + opening[0].length > context.pos) return null;
  const from = start + opening[0].length;
  const quote = opening[1] ?? '"';
  const before = context.state.sliceDoc(Math.max(0, start - 80), start);
  if (/\bkwargs(\[|\.get\()\s*$/.test(before)) {
    return { from, options: names.variables.map(({ name, type, source }) => ({ label: name, detail: `${type} · ${source}`, type: "variable" })) };
  }
  const subject = subscripted(before);
  const upstream = subject ? named(names, subject) : undefined;
  const options = upstream ? columnOptions(upstream.columns, upstream.block, quote) : every(names.upstream, quote);
  return options.length > 0 ? { from, options } : null;
}

/** What the innermost open bracket of a text stands behind: `flights` of `flights.loc[flights["delay"] > 3, `. */
function subscripted(text: string): string | null {
  let depth = 0;
  for (let at = text.length - 1; at >= 0; at -= 1) {
    const letter = text[at] as string;
    if (letter === "]" || letter === ")") depth += 1;
    else if (letter === "(" || letter === "[") {
      if (depth > 0) depth -= 1;
      else if (letter === "(") return null;
      else {
        const subject = /([A-Za-z_]\w*)\s*(\.loc)?\s*$/.exec(text.slice(0, at))?.[1];
        if (subject) return subject;
      }
    }
  }
  return null;
}

/** In SQL: upstream tables, their columns (behind an alias those of its table), variables in `{{ }}`. */
export function sqlNames(names: () => Promise<BlockNames | null>): CompletionSource {
  return async (context) => {
    const word = context.matchBefore(/[\w"]*$/);
    if (!word || (word.from === word.to && !context.explicit && !/[.\s{]$/.test(context.state.sliceDoc(Math.max(0, word.from - 1), word.from)))) return null;
    const known = await names();
    if (!known) return null;
    const line = context.state.sliceDoc(Math.max(0, word.from - 200), word.from);
    const from = word.text.startsWith('"') ? word.from + 1 : word.from;
    const result = (options: Completion[]): CompletionResult | null => (options.length > 0 ? { from, options, validFor: /^\w*$/ } : null);
    if (/\{\{[^}]*$/.test(line)) return result(marks(known));
    const behind = /([A-Za-z_]\w*)\.$/.exec(line)?.[1];
    if (behind) {
      const upstream = named(known, aliases(context.state.doc.toString()).get(behind.toLowerCase()) ?? behind);
      return upstream ? result(sqlColumns(upstream.columns, upstream.block)) : null;
    }
    if (word.from === word.to && !context.explicit && !/\b(from|join)\s+$/i.test(line)) return null;
    if (/\b(from|join)\s+$/i.test(line)) return result(tables(known));
    return result([...every(known.upstream).map(quoted), ...tables(known)]);
  };
}

function tables(names: BlockNames): Completion[] {
  return names.upstream.flatMap(({ block, table }) => [
    { label: `{{ ${table} }}`, detail: block, type: "type", boost: 2 },
    { label: block, detail: "upstream", type: "type", boost: 3 },
  ]);
}

function marks(names: BlockNames): Completion[] {
  const upstream = names.upstream.map(({ table, block }) => ({ label: table, detail: block, type: "type", boost: 3 }));
  return [...upstream, ...names.variables.map(({ name, type, source }) => ({ label: name, detail: `${type} · ${source}`, type: "variable" }))];
}

const sqlColumns = (columns: readonly ColumnName[], of: string): Completion[] => columnOptions(columns, of).map(quoted);

/** A column whose name is no plain word is written in quotes. */
function quoted(option: Completion): Completion {
  return IDENTIFIER.test(option.label) ? option : { ...option, apply: `"${option.label.replaceAll('"', '""')}"` };
}

/** The tables that a text reads, by their alias: `FROM {{ df_1 }} AS f` makes f stand for df_1. */
export function aliases(text: string): Map<string, string> {
  const found = new Map<string, string>();
  const pattern = /\b(?:from|join)\s+(?:\{\{\s*(\w+)\s*\}\}|"?(\w+)"?)(?:\s+as)?\s+"?([A-Za-z_]\w*)"?/gi;
  for (const [, mark, table, alias] of text.matchAll(pattern)) {
    const target = mark ?? table;
    if (target && alias && !KEYWORDS.has(alias.toLowerCase())) found.set(alias.toLowerCase(), target);
  }
  return found;
}

const KEYWORDS = new Set("where join left right inner outer full cross on using group order limit having union window qualify natural".split(" "));
