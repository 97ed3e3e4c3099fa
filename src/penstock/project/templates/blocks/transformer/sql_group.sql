-- One row per group.
SELECT
    country,
    count(*) AS orders,
    count(DISTINCT customer) AS customers,
    sum(quantity * price) AS amount,
    avg(price) AS mean_price
FROM {{ df_1 }}
GROUP BY country
ORDER BY amount DESC
