-- One row per day; generate_series makes numbers or times.
SELECT
    day::DATE AS day,
    dayname(day) AS weekday,
    isodow(day) >= 6 AS is_weekend
FROM generate_series(DATE '2024-01-01', DATE '2024-12-31', INTERVAL 1 DAY) AS days(day)
