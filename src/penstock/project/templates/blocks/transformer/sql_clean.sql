-- Names, texts and gaps put in order.
SELECT
    order_id,
    ordered_at::DATE AS day,
    trim(customer) AS customer,
    nullif(lower(trim(email)), '') AS email,
    upper(country) AS country,
    coalesce(price, 0) AS price,
    quantity
FROM {{ df_1 }}
WHERE quantity > 0
