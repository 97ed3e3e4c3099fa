import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { components } from "../../api/schema";
import { productPath } from "../outputs/queries";

type Schemas = components["schemas"];
export type ProductSummary = Schemas["ProductSummary"];
export type VersionSummary = Schemas["VersionSummary"];
export type Address = Schemas["ProductAddress"];
export type ProductDetail = Schemas["ProductDetail"];

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
