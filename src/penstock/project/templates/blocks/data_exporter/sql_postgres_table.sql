-- The rows become a table of PostgreSQL: its name, schema and write policy are in the block's settings.
SELECT * FROM {{ df_1 }}
