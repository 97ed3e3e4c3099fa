-- DuckDB reads only the columns and row groups of a Parquet file that the query needs.
SELECT country, count(*) AS orders, sum(quantity) AS quantity
FROM read_parquet('{{ repo_path }}/data/orders.parquet')
GROUP BY country
