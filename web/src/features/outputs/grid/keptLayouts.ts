/**
 * The arrangement of each output's columns, kept in this browser: it is a person's, not the project's. The newest few
 * hundred are kept; a browser that stores nothing keeps them as long as the page is open.
 */
import { create } from "zustand";
import { AS_STORED, type Layout } from "./layout";

const PREFIX = "penstock.columns:";
const MOST = 200;

interface Stored {
  at: number;
  order: readonly string[];
  pinned: readonly string[];
  hidden: readonly string[];
  widths: Readonly<Record<string, number>>;
}

const useLayouts = create<Record<string, Layout>>(() => ({}));

/** How the columns of that output are arranged; as they are stored until somebody arranges them. */
export function useLayout(place: string): Layout {
  const held = useLayouts((all) => all[place]);
  return held ?? read(place);
}

export function setLayout(place: string, layout: Layout): void {
  useLayouts.setState({ [place]: layout });
  write(place, layout);
}

const READ = new Map<string, Layout>();

/** One object for each text that is stored, so that what is drawn by it stays as it is. */
function read(place: string): Layout {
  const text = stored(place);
  if (text === null) return AS_STORED;
  const known = READ.get(text);
  if (known) return known;
  const found = parsed(text);
  READ.set(text, found);
  return found;
}

function stored(place: string): string | null {
  try {
    return localStorage.getItem(PREFIX + place);
  } catch {
    return null;
  }
}

/** What is stored, as far as it can be understood: another version may have written it. */
export function parsed(text: string): Layout {
  try {
    const found = JSON.parse(text) as Partial<Stored> | null;
    const texts = (list: unknown) => (Array.isArray(list) ? list.filter((one) => typeof one === "string") : []);
    const widths = Object.entries(found?.widths ?? {}).filter(([, width]) => typeof width === "number");
    return { order: texts(found?.order), pinned: texts(found?.pinned), hidden: new Set(texts(found?.hidden)), widths: Object.fromEntries(widths) };
  } catch {
    return AS_STORED;
  }
}

function write(place: string, { order, pinned, hidden, widths }: Layout): void {
  try {
    if (order.length + pinned.length + hidden.size + Object.keys(widths).length === 0) localStorage.removeItem(PREFIX + place);
    else localStorage.setItem(PREFIX + place, JSON.stringify({ at: Date.now(), order, pinned, hidden: [...hidden], widths } satisfies Stored));
    forget();
  } catch {
    // No room, or no storage: the arrangement lasts as long as the page.
  }
}

/** Lets the oldest go. */
function forget(): void {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  if (keys.length <= MOST) return;
  const age = (key: string) => (JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<Stored>).at ?? 0;
  for (const key of keys.sort((one, other) => age(one) - age(other)).slice(0, keys.length - MOST)) localStorage.removeItem(key);
}
