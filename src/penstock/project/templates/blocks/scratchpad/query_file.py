# A file of the project, looked at with SQL.
import duckdb

from penstock.sdk.context import current

FILE = "data/orders.csv"

print(duckdb.sql(f"SELECT * FROM '{current().project}/{FILE}' LIMIT 10"))
