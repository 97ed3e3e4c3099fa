-- How delay builds up over the day, by scheduled hour of departure.
SELECT
    hour,
    count(*) AS flights,
    count(*) FILTER (WHERE cancelled) AS cancelled,
    avg(dep_delay) AS mean_dep_delay,
    quantile_cont(dep_delay, 0.9) AS p90_dep_delay
FROM flights_enriched
GROUP BY hour
ORDER BY hour
