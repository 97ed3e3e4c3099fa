-- The rows become a table of the profile's DuckDB file: its name and write policy are in the block's settings.
SELECT * FROM {{ df_1 }}
