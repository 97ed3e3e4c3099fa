-- The latest row of each key.
SELECT *
FROM {{ df_1 }}
QUALIFY row_number() OVER (PARTITION BY customer, product ORDER BY ordered_at DESC) = 1
