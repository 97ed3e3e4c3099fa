# SQL over an output of a block that has run.
import duckdb

from penstock.sdk.variables import get_variable

PIPELINE = "daily_orders"
BLOCK = "load_orders"

frame = get_variable(PIPELINE, BLOCK)
print(duckdb.sql("SELECT count(*) AS rows FROM frame"))
