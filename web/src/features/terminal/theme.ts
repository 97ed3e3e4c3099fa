import type { ITheme } from "@xterm/xterm";

/** Colours of the terminal from the tokens of the page's theme. */
export function terminalTheme(element: HTMLElement): ITheme {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(name).trim();
  return {
    background: token("--surface-1"),
    foreground: token("--text"),
    cursor: token("--accent"),
    cursorAccent: token("--surface-0"),
    selectionBackground: `${token("--accent")}55`,
    red: token("--failed"),
    green: token("--ok"),
    blue: token("--running"),
    brightRed: token("--failed"),
    brightGreen: token("--ok"),
    brightBlue: token("--running"),
  };
}
