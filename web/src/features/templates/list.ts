import type { Template } from "../../api/types";
import { kindOf, languageOf } from "../editor/notebook/kinds";

export interface Filters {
  q?: string;
  type?: string;
  source?: string;
}

/** What blocks of a pipeline are made from; charts have a menu of their own. */
export function ofBlocks(templates: readonly Template[]): Template[] {
  return templates.filter((template) => template.block_type !== "chart" && (template.ready || (template.needs ?? "").startsWith("pip install")));
}

/** Templates that have every word, of that type and source. */
export function chosen(templates: readonly Template[], { q = "", type, source }: Filters): Template[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return templates.filter((template) => {
    if (type && template.block_type !== type) return false;
    if (source && template.source !== source) return false;
    const text = `${template.name} ${template.description} ${template.group} ${kindOf(template.block_type).word} ${languageOf(template.language).word} ${template.id}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** In groups by purpose, in the order of the first of each; those of the project before all. */
export function inGroups(templates: readonly Template[]): [string, Template[]][] {
  const groups = new Map<string, Template[]>();
  for (const template of [...templates].sort((one, other) => Number(other.source === "project") - Number(one.source === "project"))) {
    const name = template.source === "project" ? "Of this project" : template.group || kindOf(template.block_type).word;
    groups.set(name, [...(groups.get(name) ?? []), template]);
  }
  return [...groups];
}
