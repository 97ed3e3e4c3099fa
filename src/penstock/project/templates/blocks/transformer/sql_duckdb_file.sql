-- Runs in the DuckDB file of the profile; the result becomes a table there and the block's output.
SELECT country, count(*) AS orders, sum(quantity * price) AS amount
FROM {{ df_1 }}
GROUP BY country
