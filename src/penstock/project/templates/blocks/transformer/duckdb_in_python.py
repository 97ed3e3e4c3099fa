import duckdb

from penstock import transformer


@transformer
def duckdb_in_python(frame, *args, **kwargs):
    """SQL over the upstream from inside a Python block; `frame` is the table's name because it is the variable's."""
    return duckdb.sql("SELECT country, count(*) AS orders, avg(price) AS mean_price FROM frame GROUP BY ALL").df()
