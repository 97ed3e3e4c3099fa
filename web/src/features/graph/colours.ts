/** The colour of a block's state, from the tokens of the theme. */
const TOKENS: Record<string, string> = {
  completed: "--ok",
  skipped: "--ok",
  running: "--running",
  queued: "--running",
  failed: "--failed",
  upstream_failed: "--failed",
  interrupted: "--failed",
};

export function colourOf(state: string, style: CSSStyleDeclaration): string {
  return style.getPropertyValue(TOKENS[state] ?? "--waiting").trim();
}
