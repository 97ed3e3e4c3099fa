import DOMPurify from "dompurify";
import { Marked } from "marked";
import type { VariableDetail } from "../../../api/types";

const marked = new Marked({ gfm: true, breaks: false, async: false });

const NAME = /\{\{\s*(?:variables\(\s*['"]([^'"]+)['"]\s*\)|([A-Za-z_][\w.]*))\s*\}\}/g;

/** Puts in the values of the pipeline's variables; a name that is none stays as it is written. */
export function interpolated(text: string, variables: readonly VariableDetail[]): string {
  const values = new Map(variables.map((one) => [one.name, one.value]));
  return text.replace(NAME, (whole, quoted?: string, plain?: string) => {
    const name = quoted ?? plain ?? "";
    if (!values.has(name)) return whole;
    const value = values.get(name);
    return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "");
  });
}

/** Markdown as markup that can do no harm: no scripts, no handlers, no frames, no forms; images of this project's pages alone. */
export function rendered(text: string, variables: readonly VariableDetail[]): string {
  const html = marked.parse(interpolated(text, variables)) as string;
  return DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "iframe", "object", "embed", "video", "audio"],
    FORBID_ATTR: ["style", "class", "id", "name"],
  });
}
