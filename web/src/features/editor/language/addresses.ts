/** Files as the language server's socket names them: `project:///data_loaders/load.py`. */

const PREFIX = "project:///";

export function addressOf(path: string): string {
  return PREFIX + path.split("/").map(encodeURIComponent).join("/");
}

/** The path of a file of the project; null for one outside of it, such as an installed package. */
export function pathOf(address: string): string | null {
  return address.startsWith(PREFIX) ? decodeURIComponent(address.slice(PREFIX.length)) : null;
}

/** What names a file outside the project to a person: the end of its path. */
export function shortName(address: string): string {
  return decodeURIComponent(address).split("/").slice(-3).join("/");
}
