import type { BlockDetail, LibraryBlock, Template } from "../../../api/types";
import type { NewBlock } from "../queries";
import { KINDS, kindOf, languageOf } from "../notebook/kinds";

/** One entry of the menu that adds blocks. */
export interface Choice {
  id: string;
  group: "New" | "Templates" | "Blocks of this project";
  title: string;
  detail: string;
  type: string;
  language: string;
  /** What is searched: everything that a person might call it. */
  words: string;
  block: NewBlock;
  /** How many upstream blocks it takes; -1 for any number. */
  inputs: number;
  /** Whether it is attached to a block, and no block itself. */
  attached: boolean;
  /** What has to be installed before it runs. */
  needs: string | null;
}

/** Types whose blank code takes no input. */
const SOURCES = new Set(["data_loader", "sensor", "markdown", "scratchpad"]);

const ORDER = ["data_loader", "transformer", "data_exporter", "custom", "sensor", "markdown", "scratchpad"];
const LANGUAGES = ["python", "sql", "r", "markdown"];

/** Languages that blocks run in here. */
const RUNS = new Set(["python", "sql", "markdown"]);

const ATTACHED = ["conditional", "callback"];

/** @param attached of what is attached to blocks, instead of blocks. */
export function blankChoices(attached = false): Choice[] {
  return (attached ? ATTACHED : ORDER).flatMap((type) =>
    LANGUAGES.filter((language) => RUNS.has(language) && kindOf(type).languages.includes(language)).map((language) => {
      const several = kindOf(type).languages.length > 1;
      const title = several ? `${kindOf(type).word} in ${languageOf(language).word}` : kindOf(type).word;
      return {
        id: `new:${type}:${language}`,
        group: "New" as const,
        title,
        detail: kindOf(type).purpose,
        type,
        language,
        words: `${title} ${kindOf(type).purpose} ${type} ${language} block blank new empty`.toLowerCase(),
        block: { type, language },
        inputs: SOURCES.has(type) ? 0 : -1,
        attached,
        needs: null,
      };
    }),
  );
}

/** Whether a template runs here, at least after its package is installed; the others wait for a later version, and are not offered. */
function canRun({ ready, needs }: Template): boolean {
  return ready || (needs ?? "").startsWith("pip install");
}

export function templateChoices(templates: readonly Template[]): Choice[] {
  return templates
    .filter((template) => template.block_type in KINDS && canRun(template))
    .map((template) => ({
      id: `template:${template.id}`,
      group: "Templates" as const,
      title: template.name,
      detail: [template.group, template.description].filter(Boolean).join(" · "),
      type: template.block_type,
      language: template.language,
      words: `${template.name} ${template.description} ${template.group} ${kindOf(template.block_type).word} ${template.block_type} ${template.language} ${template.id}`.toLowerCase(),
      block: { type: template.block_type, language: template.language, template: template.id },
      inputs: template.inputs,
      attached: ATTACHED.includes(template.block_type),
      needs: template.ready ? null : (template.needs ?? "something that is not installed"),
    }));
}

export function libraryChoices(library: readonly LibraryBlock[], present: readonly BlockDetail[]): Choice[] {
  const used = new Set(present.map((block) => block.file));
  return library
    .filter((block) => block.type in KINDS && !used.has(block.file))
    .map((block) => ({
      id: `file:${block.file}`,
      group: "Blocks of this project" as const,
      title: block.name,
      detail: block.pipelines.length > 0 ? `${block.file} · used by ${block.pipelines.slice(0, 3).join(", ")}` : block.file,
      type: block.type,
      language: block.language,
      words: `${block.name} ${block.file} ${kindOf(block.type).word} ${block.language} reuse existing shared`.toLowerCase(),
      block: { type: block.type, language: block.language, file: block.file },
      inputs: SOURCES.has(block.type) ? 0 : -1,
      attached: ATTACHED.includes(block.type),
      needs: null,
    }));
}

/** Choices that have every word of the search, those whose title begins with it first. */
export function found(choices: readonly Choice[], search: string, type: string, language: string): Choice[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = choices.filter(
    (choice) => (!type || choice.type === type) && (!language || choice.language === language) && words.every((word) => choice.words.includes(word)),
  );
  if (words.length === 0) return hits;
  const rank = ({ title }: Choice) => {
    const plain = title.toLowerCase();
    const whole = words.every((word) => plain.includes(word));
    return (whole ? 0 : 2) + (plain.startsWith(words[0] as string) ? 0 : 1);
  };
  return hits.map((choice, at) => ({ choice, at, rank: rank(choice) })).sort((one, other) => one.rank - other.rank || one.at - other.at).map(({ choice }) => choice);
}
