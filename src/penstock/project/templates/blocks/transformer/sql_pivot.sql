-- A row per country, a column per product, sums in the cells.
PIVOT {{ df_1 }} ON product USING sum(quantity) GROUP BY country ORDER BY country
