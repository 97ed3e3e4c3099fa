import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { api, apiUrl, segment } from "../../api/client";
import type { ColumnProfile } from "./grid/profile";
import type { Rows } from "./grid/types";

/** One output of one version of a block. An empty version is the newest. */
export interface OutputRef {
  pipeline: string;
  block: string;
  output: string;
  version: string;
  partition?: string;
  /** Which part of an array with more than two axes: places on all but the last two, with commas between. */
  at?: string;
}

export function productPath(ref: Pick<OutputRef, "pipeline" | "block">): string {
  return `/products/${segment(ref.pipeline)}/${segment(ref.block)}`;
}

export function outputQuery(ref: OutputRef): Record<string, string | undefined> {
  return { output: ref.output || undefined, version: ref.version || undefined, partition: ref.partition || undefined, at: ref.at || undefined };
}

export interface Version {
  version: string;
  number: number;
  at: string | number;
  run: string;
  rows: number | null;
  bytes: number | null;
  good: boolean;
}

export interface ProductDetail {
  versions: Version[];
}

export function useVersions(pipeline: string, block: string, current: string | null) {
  return useQuery({
    // A new version makes a new key: the list is as old as what it was asked for.
    queryKey: ["versions", pipeline, block, current],
    queryFn: ({ signal }) => api.get<ProductDetail>(productPath({ pipeline, block }), { signal }),
    enabled: current !== null,
  });
}

/** All columns by name, for a table of which a page has not all; undefined until they are there. */
export function useColumns(ref: OutputRef, needed: boolean) {
  const found = useQuery({
    queryKey: ["columns", ref],
    queryFn: ({ signal }) => api.get<{ columns: { index: number; name: string; type: string; role: string }[] }>(`${productPath(ref)}/columns`, { query: outputQuery(ref), signal }),
    enabled: needed,
    staleTime: Infinity,
  });
  return found.data?.columns;
}

const BATCH = 12;

/** Profiles of the columns that have been in view, a few at a time, kept for a version and its conditions. */
export function useProfiles(ref: OutputRef, rows: Rows, visible: readonly number[]): ReadonlyMap<number, ColumnProfile> {
  const key = JSON.stringify([ref, rows.filters, rows.search]);
  const [held, setHeld] = useState<{ key: string; profiles: ReadonlyMap<number, ColumnProfile> }>({ key, profiles: new Map() });
  const profiles = useMemo(() => (held.key === key ? held.profiles : new Map<number, ColumnProfile>()), [held, key]);
  const missing = visible.filter((column) => !profiles.has(column)).slice(0, BATCH).join(",");
  useEffect(() => {
    if (!missing) return undefined;
    const controller = new AbortController();
    // Headers are worth nothing while columns fly by: asked for once the view has come to rest.
    const timer = setTimeout(() => {
      const body = { columns: missing.split(",").map(Number), filters: rows.filters, search: rows.search };
      api
        .post<{ columns: ColumnProfile[] }>(`${productPath(ref)}/profile`, { query: outputQuery(ref), body, signal: controller.signal })
        .then(({ columns }) =>
          setHeld((before) => {
            const next = new Map(before.key === key ? before.profiles : []);
            for (const profile of columns) next.set(profile.index, profile);
            return { key, profiles: next };
          }),
        )
        .catch(() => undefined); // the table is what matters: it shows its own error, headers stay plain
    }, 120);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
    // By what is missing, as text: the rest of what is used here follows from the key.
  }, [missing, key]);
  return profiles;
}

export function downloadUrl(ref: OutputRef, format: string, rows: Rows | null): string {
  const q = rows ? JSON.stringify(rows) : undefined;
  return apiUrl(`${productPath(ref)}/download`, { ...outputQuery(ref), format, q });
}

/** One cell in full. */
export function useCell(ref: OutputRef, row: number, column: number, enabled: boolean) {
  return useQuery({
    queryKey: ["cell", ref, row, column],
    queryFn: ({ signal }) => api.get<{ text: string | null; size: number; truncated: boolean }>(`${productPath(ref)}/cell`, { query: { ...outputQuery(ref), row, index: column }, signal }),
    enabled,
    gcTime: 0,
  });
}

export interface MimeValue {
  mime: Record<string, unknown>;
  truncated: boolean;
  size: number | null;
}

export function useValue(ref: OutputRef, enabled: boolean) {
  return useQuery({
    queryKey: ["value", ref],
    queryFn: ({ signal }) => api.get<MimeValue>(`${productPath(ref)}/value`, { query: outputQuery(ref), signal }),
    enabled,
  });
}
