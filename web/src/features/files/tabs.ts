/** The row of open files, as lists of paths: what nothing but the paths decides. */

export interface TabTitle {
  name: string;
  /** As much of its folder as tells it from others of its name; empty when nothing else is called so. */
  folder: string;
}

/** Whether a path is that file or folder, or lies in it. */
export function isWithin(path: string, top: string): boolean {
  return path === top || path.startsWith(`${top}/`);
}

/** Where a file is when that file or folder was moved. */
export function movedPath(path: string, from: string, to: string): string {
  return isWithin(path, from) ? to + path.slice(from.length) : path;
}

/** These paths, without those that lie in another one of them. */
export function topmost(paths: readonly string[]): string[] {
  return paths.filter((path) => !paths.some((other) => other !== path && isWithin(path, other)));
}

export function titlesOf(paths: readonly string[]): TabTitle[] {
  const split = paths.map((path) => path.split("/"));
  return split.map((parts, index) => {
    const name = parts.at(-1) ?? "";
    const twins = split.filter((other, at) => at !== index && other.at(-1) === name);
    if (twins.length === 0) return { name, folder: "" };
    if (parts.length === 1) return { name, folder: "./" };
    let depth = 2;
    const tail = (of: string[]) => of.slice(-depth).join("/");
    while (depth < parts.length && twins.some((other) => tail(other) === tail(parts))) depth += 1;
    return { name, folder: parts.slice(-depth, -1).join("/") };
  });
}

/** What is shown when these are closed: what is shown already if it stays, else the next one, else the one before. */
export function shownAfter(paths: readonly string[], closing: ReadonlySet<string>, shown: string): string {
  if (!closing.has(shown)) return shown;
  const at = paths.indexOf(shown);
  const stays = (path: string) => !closing.has(path);
  return paths.slice(at + 1).find(stays) ?? paths.slice(0, Math.max(at, 0)).reverse().find(stays) ?? "";
}

/** The paths from one to another in the order in which they are listed, both included. */
export function between(listed: readonly string[], from: string, to: string): string[] {
  const [one, other] = [listed.indexOf(from), listed.indexOf(to)];
  if (one < 0 || other < 0) return [to];
  return listed.slice(Math.min(one, other), Math.max(one, other) + 1);
}

export interface Kept {
  paths: string[];
  shown: string;
}

/** What was open in this browser the last time. What was kept by somebody else, or by a later version, counts for nothing. */
export function recall(key: string): Kept {
  try {
    const { paths, shown } = JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<Kept>;
    const known = Array.isArray(paths) ? [...new Set(paths.filter((path) => typeof path === "string" && path !== ""))] : [];
    return { paths: known, shown: typeof shown === "string" && known.includes(shown) ? shown : (known[0] ?? "") };
  } catch {
    return { paths: [], shown: "" };
  }
}

export function keep(key: string, kept: Kept): void {
  try {
    localStorage.setItem(key, JSON.stringify(kept));
  } catch {
    // A browser that stores nothing still works; what is open lasts until the page is closed.
  }
}
