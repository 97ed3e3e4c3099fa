-- The upstream block is {{ df_1 }}, or simply its name. What is selected is the output.
SELECT *
FROM {{ df_1 }}
WHERE quantity >= 2
ORDER BY ordered_at
