-- Runs in the DuckDB file that the profile of io_config.yaml names.
SELECT *
FROM orders
