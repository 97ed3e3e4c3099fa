-- DuckDB writes the file; the statement's answer (how many rows) is the block's output.
COPY (SELECT * FROM {{ df_1 }} ORDER BY order_id)
TO '{{ repo_path }}/output/orders_sql.parquet' (FORMAT parquet, COMPRESSION zstd)
