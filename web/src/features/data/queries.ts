import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { OutputSummary } from "../../api/types";
import { productPath } from "../outputs/queries";

export interface ProductSummary {
  pipeline: string;
  block: string;
  partition: string;
  version: string;
  versions: number;
  kind: string;
  outputs: OutputSummary[];
  rows: number | null;
  bytes: number;
  at: number;
  run: string;
  good: boolean;
  error: string | null;
}

export interface VersionSummary {
  version: string;
  number: number;
  at: number;
  run: string;
  rows: number | null;
  bytes: number;
  good: boolean;
  error: string | null;
}

export interface Address {
  pipeline: string;
  block: string;
  partition: string;
}

export interface ProductDetail {
  address: Address;
  partitions: string[];
  versions: VersionSummary[];
  latest: VersionSummary & { outputs: OutputSummary[] };
  lineage: {
    code: { path: string; sha: string }[];
    inputs: (Address & { version: string })[];
    variables: Record<string, unknown>;
    environment: Record<string, string>;
  };
  upstream: Address[];
  downstream: Address[];
}

export const UNPARTITIONED = "_";

export function useProducts() {
  return useQuery({ queryKey: ["products"], queryFn: ({ signal }) => api.get<{ products: ProductSummary[] }>("/products", { signal }) });
}

/** A product; with a version, what that version was made from and holds. */
export function useProduct(pipeline: string, block: string, partition: string, version = "") {
  return useQuery({
    queryKey: ["product", pipeline, block, partition, version],
    queryFn: ({ signal }) => api.get<ProductDetail>(productPath({ pipeline, block }), { query: { partition, version: version || undefined }, signal }),
  });
}
