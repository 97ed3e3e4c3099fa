/** What the server knows of a column's values, for the header of a grid. */
export interface ColumnProfile {
  name: string;
  index: number;
  type: string;
  nulls: number | null;
  null_share: number | null;
  distinct: number | null;
  histogram: { edges: (number | string)[]; counts: number[] } | null;
  top: { value: unknown; count: number }[] | null;
  minimum: unknown;
  maximum: unknown;
  mean: number | string | null;
  rows: number;
  distinct_exact?: boolean;
  exact: boolean;
}
