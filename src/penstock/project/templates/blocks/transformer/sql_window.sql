-- Each row with its place within its group and the running total up to it.
SELECT
    *,
    row_number() OVER per_customer AS number,
    sum(quantity) OVER per_customer AS quantity_so_far,
    lag(ordered_at) OVER per_customer AS previous_order
FROM {{ df_1 }}
WINDOW per_customer AS (PARTITION BY customer ORDER BY ordered_at)
