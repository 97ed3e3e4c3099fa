-- DuckDB reads CSV files itself, also many at once (data/*.csv) and compressed ones.
SELECT *
FROM read_csv('{{ repo_path }}/data/orders.csv')
