/** Values of variables and settings, as they are typed in a field. */

export const TYPES = ["text", "number", "boolean", "list", "map", "date", "nothing"] as const;
export type ValueType = (typeof TYPES)[number];

export type Parsed = { value: unknown } | { problem: string };

export function shown(value: unknown, type: string): string {
  if (value === null || value === undefined) return "";
  if (type === "list" || type === "map") return JSON.stringify(value);
  return String(value);
}

/** The value that a text stands for, or why it stands for none of this type. */
export function parsed(text: string, type: ValueType): Parsed {
  switch (type) {
    case "text":
      return { value: text };
    case "number": {
      const plain = text.trim().replaceAll("_", "");
      const value = Number(plain);
      return plain !== "" && Number.isFinite(value) ? { value } : { problem: "Write a number, as 12 or 0.5." };
    }
    case "boolean":
      return { value: text === "true" };
    case "date":
      return /^\d{4}-\d{2}-\d{2}([T ].*)?$/.test(text.trim()) ? { value: text.trim() } : { problem: "Write a date, as 2013-12-31." };
    case "nothing":
      return { value: null };
    case "list":
    case "map":
      return parsedJson(text, type);
  }
}

function parsedJson(text: string, type: "list" | "map"): Parsed {
  try {
    const value: unknown = JSON.parse(text.trim() || (type === "list" ? "[]" : "{}"));
    const list = Array.isArray(value);
    if (type === "list" ? list : !list && typeof value === "object" && value !== null) return { value };
  } catch {
    // Said below: what is expected, with an example.
  }
  return { problem: type === "list" ? 'Write a list, as ["a", "b"] or [1, 2].' : 'Write a map, as {"city": "Berlin"}.' };
}
