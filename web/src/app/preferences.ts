import { create } from "zustand";

export type Theme = "light" | "dark" | "system";
export type Zone = "local" | "utc";

interface Preferences {
  theme: Theme;
  zone: Zone;
  fontSize: number;
  rail: "wide" | "narrow";
  /** Height of the terminal in pixels. */
  drawer: number;
  /** The terminal's program; the user's own when empty. */
  shell: string;
}

const DEFAULTS: Preferences = { theme: "system", zone: "local", fontSize: 12.5, rail: "wide", drawer: 260, shell: "" };

function load(): Preferences {
  try {
    return {
      ...DEFAULTS,
      ...(JSON.parse(localStorage.getItem("penstock.preferences") ?? "{}") as Partial<Preferences>),
      theme: (localStorage.getItem("penstock.theme") as Theme | null) ?? "system",
    };
  } catch {
    return DEFAULTS;
  }
}

/** Choices of this browser: kept here, not on the server. */
export const usePreferences = create<Preferences>(load);

/** The clock that times are told by: whoever shows one is drawn anew when another is chosen. */
export function useZone(): Zone {
  return usePreferences((held) => held.zone);
}

export function setPreference<K extends keyof Preferences>(name: K, value: Preferences[K]): void {
  usePreferences.setState({ [name]: value } as Pick<Preferences, K>);
  const { theme, ...rest } = usePreferences.getState();
  try {
    localStorage.setItem("penstock.preferences", JSON.stringify(rest));
    localStorage.setItem("penstock.theme", theme);
  } catch {
    // A browser that stores nothing still works; the choice lasts until the page is closed.
  }
  applyLook();
}

const NEXT_THEME: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

export function nextTheme(): void {
  setPreference("theme", NEXT_THEME[usePreferences.getState().theme]);
}

/** Put theme and size of code where style sheets read them. */
export function applyLook(): void {
  const { theme, fontSize } = usePreferences.getState();
  const dark = theme === "dark" || (theme === "system" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.documentElement.style.setProperty("--code-size", `${fontSize}px`);
}

window.matchMedia?.("(prefers-color-scheme: dark)").addEventListener("change", applyLook);
