import { create } from "zustand";

/** How the editor is laid out in this browser: choices of a person, not of a pipeline. */
export interface LayoutChoices {
  outline: boolean;
  follower: boolean;
}

const KEY = "penstock.editor";
const DEFAULTS: LayoutChoices = { outline: true, follower: true };

function load(): LayoutChoices {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<LayoutChoices>) };
  } catch {
    return DEFAULTS;
  }
}

export const useLayout = create<LayoutChoices>(load);

export function setLayout(change: Partial<LayoutChoices>): void {
  useLayout.setState(change);
  try {
    localStorage.setItem(KEY, JSON.stringify(useLayout.getState()));
  } catch {
    // A browser that stores nothing still works; the choice lasts until the page is closed.
  }
}
