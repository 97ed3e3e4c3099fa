-- DuckDB reads JSON and JSON lines; inner objects become structs: details.color.
SELECT *
FROM read_json('{{ repo_path }}/data/orders.jsonl')
