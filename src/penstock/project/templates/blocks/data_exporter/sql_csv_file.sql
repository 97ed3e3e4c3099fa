-- DuckDB writes the file; the statement's answer (how many rows) is the block's output.
COPY (SELECT * FROM {{ df_1 }})
TO '{{ repo_path }}/output/orders_sql.csv' (HEADER, DELIMITER ',')
