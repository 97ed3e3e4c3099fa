/** What is said of a block that waits for its next attempt, or of a sensor that is asked again. */
export function waitWords(failed: boolean, attempts: number, left: number, at: string, spell: (seconds: number) => string): string {
  const when = left < 1 ? "any moment now" : `at ${at}, in ${spell(Math.round(left))}`;
  return failed ? `Attempt ${attempts} failed; the next one begins ${when}.` : `Not yet; it is asked again ${when}.`;
}
