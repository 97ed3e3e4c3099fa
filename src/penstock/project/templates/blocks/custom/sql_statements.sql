-- Several statements; the last one that answers rows is the output.
CREATE TABLE totals AS SELECT country, sum(quantity) AS quantity FROM {{ df_1 }} GROUP BY country;
DELETE FROM totals WHERE quantity = 0;
SELECT * FROM totals ORDER BY quantity DESC
