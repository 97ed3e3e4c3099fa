-- Runs on PostgreSQL with a profile of io_config.yaml. What is selected becomes a table there and the block's output.
SELECT *
FROM orders
WHERE quantity >= 1
