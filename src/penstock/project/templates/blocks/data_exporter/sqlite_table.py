import sqlite3
from contextlib import closing
from pathlib import Path

from penstock import data_exporter

FILE = "output/orders.sqlite"
TABLE = "orders"


@data_exporter
def sqlite_table(frame, *args, **kwargs):
    """A table of a SQLite file; if_exists="append" adds to it."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        frame.to_sql(TABLE, connection, if_exists="replace", index=False)
