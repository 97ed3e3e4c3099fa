/** Text with terminal colours as pieces; every other control sequence is dropped. */
export interface Piece {
  text: string;
  colour: string | null;
  bold: boolean;
}

const COLOURS: Record<number, string> = {
  31: "var(--failed)", 32: "var(--ok)", 33: "var(--stale)", 34: "var(--running)", 35: "var(--type-transformer)", 36: "var(--type-loader)",
  91: "var(--failed)", 92: "var(--ok)", 93: "var(--stale)", 94: "var(--running)", 95: "var(--type-transformer)", 96: "var(--type-loader)",
};
const SEQUENCE = /\u001b\[([0-9;?]*)([A-Za-z])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;

export function pieces(text: string): Piece[] {
  if (!/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(text)) return [{ text, colour: null, bold: false }];
  const found: Piece[] = [];
  let colour: string | null = null;
  let bold = false;
  let at = 0;
  for (const match of text.matchAll(SEQUENCE)) {
    if (match.index > at) found.push({ text: text.slice(at, match.index), colour, bold });
    at = match.index + match[0].length;
    if (match[2] !== "m") continue;
    for (const code of (match[1] || "0").split(";").map(Number)) {
      if (code === 0) [colour, bold] = [null, false];
      else if (code === 1) bold = true;
      else if (code === 22) bold = false;
      else if (code === 39) colour = null;
      else colour = COLOURS[code] ?? colour;
    }
  }
  if (at < text.length) found.push({ text: text.slice(at), colour, bold });
  return found;
}
