/** Code that reads a data file of the project. */

const READERS: Readonly<Record<string, string>> = {
  csv: "read_csv",
  tsv: "read_csv",
  parquet: "read_parquet",
  json: "read_json",
  jsonl: "read_json",
  ndjson: "read_json",
  xlsx: "read_excel",
};

const OPTIONS: Readonly<Record<string, string>> = { tsv: ', sep="\\t"', jsonl: ", lines=True", ndjson: ", lines=True" };

export const DATA_FILE = new RegExp(`\\.(${Object.keys(READERS).join("|")})$`, "i");

/** A name that Python and SQL can use as it is. */
export function nameFor(path: string): string {
  const stem = path.slice(path.lastIndexOf("/") + 1).replace(/\.[^.]*$/, "");
  const name = stem.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return /^[a-z]/.test(name) ? name : `load_${name || "file"}`;
}

export function readerFor(path: string): string {
  const extension = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  const parts = path.split("/").map((part) => ` / ${JSON.stringify(part)}`).join("");
  return `from pathlib import Path

import pandas as pd

from penstock import data_loader


@data_loader
def ${nameFor(path)}(*args, **kwargs):
    return pd.${READERS[extension] ?? "read_csv"}(Path(kwargs["repo_path"])${parts}${OPTIONS[extension] ?? ""})
`;
}
