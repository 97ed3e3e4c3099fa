-- One row per week, empty weeks included.
WITH weeks AS (
    SELECT unnest(generate_series(
        date_trunc('week', min(ordered_at)), date_trunc('week', max(ordered_at)), INTERVAL 1 WEEK
    )) AS week
    FROM {{ df_1 }}
)
SELECT w.week, count(o.order_id) AS orders, coalesce(sum(o.quantity * o.price), 0) AS amount
FROM weeks AS w
LEFT JOIN {{ df_1 }} AS o ON date_trunc('week', o.ordered_at) = w.week
GROUP BY w.week
ORDER BY w.week
