-- Columns turned into rows.
SELECT order_id, name, value
FROM (SELECT order_id, quantity::DOUBLE AS quantity, price::DOUBLE AS price FROM {{ df_1 }})
UNPIVOT (value FOR name IN (quantity, price))
