from pathlib import Path

from penstock import sensor
from penstock.sdk.io import DuckDB

FILE = "data/warehouse.duckdb"
QUERY = "SELECT count(*) > 0 FROM orders"


@sensor
def duckdb_rows(*args, **kwargs):
    """Waits until a query on a DuckDB file answers true."""
    path = Path(kwargs["repo_path"]) / FILE
    if not path.is_file():
        return False
    with DuckDB(database=str(path)) as database:
        return bool(database.load(QUERY, verbose=False).iloc[0, 0])
