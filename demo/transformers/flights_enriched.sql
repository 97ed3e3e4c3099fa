-- Every flight with the names of its carrier and destination and the age and size of its plane.
-- An upstream is {{ df_1 }}, {{ df_2 }}, ... in the order of upstream_blocks, or simply the name of its block.
SELECT
    f.time_hour,
    f.origin,
    f.dest,
    f.hour,
    f.carrier,
    f.flight,
    f.tailnum,
    f.dep_delay,
    f.arr_delay,
    f.distance,
    f.dep_delay IS NULL AS cancelled,
    a.name AS airline,
    d.name AS destination,
    d.lat AS dest_lat,
    d.lon AS dest_lon,
    2013 - p.year AS plane_age,
    p.seats
FROM {{ df_1 }} AS f
LEFT JOIN load_airlines AS a ON a.carrier = f.carrier
LEFT JOIN load_airports AS d ON d.faa = f.dest
LEFT JOIN load_planes AS p ON p.tailnum = f.tailnum
