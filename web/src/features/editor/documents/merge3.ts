/** Three-way merge by lines: what only one side changed is taken; what both changed differently is left to a person. */

export interface Settled {
  kind: "same" | "mine" | "theirs" | "both";
  lines: string[];
}

export interface Clash {
  kind: "clash";
  base: string[];
  mine: string[];
  theirs: string[];
}

export type Piece = Settled | Clash;
export type Choice = "mine" | "theirs" | "both";

/** A run of equal lines: `a` and `b` are where it begins on either side. */
interface Match {
  a: number;
  b: number;
  size: number;
}

/** Above this many cells the exact table would be slow; then only the lines that occur once on both sides are matched. */
const EXACT_CELLS = 4_000_000;

export function merge3(base: string, mine: string, theirs: string): Piece[] {
  const [b, m, t] = [base, mine, theirs].map(splitLines) as [string[], string[], string[]];
  const inMine = lineMap(b, m);
  const inTheirs = lineMap(b, t);
  const pieces: Piece[] = [];
  let [bi, mi, ti] = [0, 0, 0];
  for (let line = 0; line <= b.length; line++) {
    const [mAt, tAt] = line === b.length ? [m.length, t.length] : [inMine[line] ?? -1, inTheirs[line] ?? -1];
    // A line of the base that both sides still have separates what lies before it from what follows.
    if (mAt < mi || tAt < ti) continue;
    add(pieces, decide(b.slice(bi, line), m.slice(mi, mAt), t.slice(ti, tAt)));
    if (line < b.length) add(pieces, { kind: "same", lines: [b[line] as string] });
    [bi, mi, ti] = [line + 1, mAt + 1, tAt + 1];
  }
  return pieces;
}

export function clashes(pieces: readonly Piece[]): number {
  return pieces.filter((piece) => piece.kind === "clash").length;
}

/** The merged text; `choices` gives a side for each clash, in order, `mine` where it says nothing. */
export function merged(pieces: readonly Piece[], choices: readonly Choice[] = []): string {
  let next = 0;
  return pieces
    .flatMap((piece) => {
      if (piece.kind !== "clash") return piece.lines;
      const choice = choices[next++] ?? "mine";
      return choice === "both" ? [...piece.theirs, ...piece.mine] : piece[choice];
    })
    .join("");
}

function decide(base: string[], mine: string[], theirs: string[]): Piece | null {
  if (!base.length && !mine.length && !theirs.length) return null;
  if (same(mine, theirs)) return { kind: same(mine, base) ? "same" : "both", lines: mine };
  if (same(base, theirs)) return { kind: "mine", lines: mine };
  if (same(base, mine)) return { kind: "theirs", lines: theirs };
  return { kind: "clash", base, mine, theirs };
}

function add(pieces: Piece[], piece: Piece | null): void {
  if (!piece) return;
  const last = pieces.at(-1);
  if (piece.kind === "same" && last?.kind === "same") last.lines.push(...piece.lines);
  else pieces.push(piece.kind === "same" ? { ...piece, lines: [...piece.lines] } : piece);
}

/** Lines with their ends, so that joining them gives the text back to the byte. */
export function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, index) => line === other[index]);
}

/** For each line of `from` its place in `to`, or undefined where it is gone; places only rise. */
function lineMap(from: string[], to: string[]): (number | undefined)[] {
  const map = new Array<number | undefined>(from.length);
  for (const match of commonLines(from, to)) {
    for (let step = 0; step < match.size; step++) map[match.a + step] = match.b + step;
  }
  return map;
}

/** The runs of lines that both have, in order. */
export function commonLines(a: string[], b: string[]): Match[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const middle = between(a, b, start, a.length - end, b.length - end);
  const found = [{ a: 0, b: 0, size: start }, ...middle, { a: a.length - end, b: b.length - end, size: end }];
  return found.filter((match) => match.size > 0);
}

function between(a: string[], b: string[], start: number, aEnd: number, bEnd: number): Match[] {
  const [rows, columns] = [aEnd - start, bEnd - start];
  if (rows <= 0 || columns <= 0) return [];
  return rows * columns > EXACT_CELLS ? uniqueMatches(a, b, start, aEnd, bEnd) : longestCommon(a, b, start, rows, columns);
}

function longestCommon(a: string[], b: string[], start: number, rows: number, columns: number): Match[] {
  const width = columns + 1;
  const best = new Uint32Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const equal = a[start + i] === b[start + j];
      const along = (best[(i + 1) * width + j + 1] as number) + 1;
      best[i * width + j] = equal
        ? along
        : Math.max(best[(i + 1) * width + j] as number, best[i * width + j + 1] as number);
    }
  }
  const found: Match[] = [];
  for (let i = 0, j = 0; i < rows && j < columns; ) {
    if (a[start + i] === b[start + j]) found.push({ a: start + i++, b: start + j++, size: 1 });
    else if ((best[(i + 1) * width + j] as number) >= (best[i * width + j + 1] as number)) i++;
    else j++;
  }
  return found;
}

function uniqueMatches(a: string[], b: string[], start: number, aEnd: number, bEnd: number): Match[] {
  const places = new Map<string, number>();
  for (let j = start; j < bEnd; j++) places.set(b[j] as string, places.has(b[j] as string) ? -1 : j);
  const seen = new Map<string, number>();
  for (let i = start; i < aEnd; i++) seen.set(a[i] as string, (seen.get(a[i] as string) ?? 0) + 1);
  const found: Match[] = [];
  let last = start - 1;
  for (let i = start; i < aEnd; i++) {
    const at = places.get(a[i] as string) ?? -1;
    if (seen.get(a[i] as string) !== 1 || at <= last) continue;
    found.push({ a: i, b: at, size: 1 });
    last = at;
  }
  return found;
}
