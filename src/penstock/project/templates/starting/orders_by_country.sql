-- What was sold to each country. The upstreams are {{ df_1 }} and {{ df_2 }}, in the order of the block's upstreams.
SELECT
    c.name AS country,
    count(*) AS orders,
    round(sum(o.quantity * o.price), 2) AS amount,
    round(sum(o.quantity * o.price * c.vat), 2) AS vat
FROM {{ df_1 }} AS o
JOIN {{ df_2 }} AS c ON c.country = o.country
GROUP BY c.name
ORDER BY amount DESC
