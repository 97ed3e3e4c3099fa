from pathlib import Path

from penstock import data_exporter
from penstock.sdk.io import DuckDB

FILE = "output/warehouse.duckdb"
TABLE = "orders"


@data_exporter
def duckdb_table(frame, *args, **kwargs):
    """A table of a DuckDB file. Its rows are replaced; if_exists="append" adds to them."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with DuckDB(database=str(path)) as database:
        database.export(frame, table_name=TABLE, if_exists="replace")
