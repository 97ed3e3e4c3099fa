from pathlib import Path

from penstock import data_loader
from penstock.sdk.io import DuckDB

FILE = "data/warehouse.duckdb"
QUERY = "SELECT * FROM orders"


@data_loader
def duckdb_query(*args, **kwargs):
    """The rows of a query on a DuckDB file."""
    with DuckDB(database=str(Path(kwargs["repo_path"]) / FILE)) as database:
        return database.load(QUERY)
