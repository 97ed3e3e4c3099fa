-- The upstreams are {{ df_1 }} and {{ df_2 }} in order, or their names.
SELECT
    l.*,
    r.* EXCLUDE (country)
FROM {{ df_1 }} AS l
LEFT JOIN {{ df_2 }} AS r ON r.country = l.country
