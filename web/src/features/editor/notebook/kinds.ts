/** What the editor calls the types and languages of blocks, and how they look. */

export interface Kind {
  word: string;
  /** The variable of its colour. */
  colour: string;
  purpose: string;
  languages: readonly string[];
}

export const KINDS: Readonly<Record<string, Kind>> = {
  data_loader: { word: "Data loader", colour: "--type-loader", purpose: "Reads data from somewhere", languages: ["python", "sql", "r"] },
  transformer: { word: "Transformer", colour: "--type-transformer", purpose: "Makes data from data", languages: ["python", "sql", "r"] },
  data_exporter: { word: "Data exporter", colour: "--type-exporter", purpose: "Writes data somewhere", languages: ["python", "sql", "r"] },
  custom: { word: "Custom", colour: "--type-custom", purpose: "Anything else", languages: ["python", "sql"] },
  sensor: { word: "Sensor", colour: "--type-sensor", purpose: "Waits until something is so", languages: ["python"] },
  scratchpad: { word: "Scratchpad", colour: "--type-scratchpad", purpose: "Tries things out; takes no part in runs", languages: ["python"] },
  markdown: { word: "Text", colour: "--type-markdown", purpose: "Explains, with headings and links", languages: ["markdown"] },
  dbt: { word: "dbt", colour: "--type-custom", purpose: "A dbt model or command", languages: ["sql", "yaml"] },
  global_data_product: { word: "Global data product", colour: "--type-custom", purpose: "The output of another pipeline", languages: [] },
  callback: { word: "Callback", colour: "--type-sensor", purpose: "Runs after a block", languages: ["python"] },
  conditional: { word: "Conditional", colour: "--type-sensor", purpose: "Decides whether a block runs", languages: ["python"] },
};

const COLOURS: Readonly<Record<string, string>> = {
  blue: "#3b82f6",
  grey: "#8a93a5",
  pink: "#ec4899",
  purple: "#8b5cf6",
  teal: "#14b8a6",
  yellow: "#eab308",
};

export const COLOUR_NAMES = Object.keys(COLOURS);

export function kindOf(type: string): Kind {
  return KINDS[type] ?? { word: type.replaceAll("_", " "), colour: "--waiting", purpose: "", languages: [] };
}

/** The colour at a block's edge: its own, else that of its type. */
export function edgeColour(block: { type: string; color: string | null }): string {
  return (block.color && COLOURS[block.color]) || `var(${kindOf(block.type).colour})`;
}

export const LANGUAGES: Readonly<Record<string, { short: string; word: string }>> = {
  python: { short: "PY", word: "Python" },
  sql: { short: "SQL", word: "SQL" },
  r: { short: "R", word: "R" },
  yaml: { short: "YAML", word: "YAML" },
  markdown: { short: "MD", word: "Markdown" },
};

export function languageOf(language: string): { short: string; word: string } {
  return LANGUAGES[language] ?? { short: language.toUpperCase().slice(0, 4), word: language };
}

/** Types that take no part in runs. */
export const ASIDE = new Set(["markdown", "scratchpad"]);
