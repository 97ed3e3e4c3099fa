-- Delay by what the weather was at the airport in the scheduled hour of departure.
SELECT
    CASE
        WHEN w.origin IS NULL THEN 'not measured'
        WHEN w.visib < {{ low_visibility }} THEN 'low visibility'
        WHEN w.precip > 0 THEN 'precipitation'
        WHEN w.wind_speed >= 20 THEN 'wind'
        ELSE 'fair'
    END AS weather,
    count(*) AS flights,
    count(*) FILTER (WHERE f.cancelled) AS cancelled,
    avg(f.dep_delay) AS mean_dep_delay
FROM {{ df_1 }} AS f
LEFT JOIN {{ df_2 }} AS w ON w.origin = f.origin AND w.time_hour = f.time_hour
GROUP BY ALL
ORDER BY mean_dep_delay DESC
