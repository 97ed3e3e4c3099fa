-- Runs on PostgreSQL: the upstream is written to a table there, or read where it is. The result becomes a table too.
SELECT country, count(*) AS orders, sum(quantity * price) AS amount
FROM {{ df_1 }}
GROUP BY country
