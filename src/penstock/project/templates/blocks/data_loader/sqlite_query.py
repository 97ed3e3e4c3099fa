import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd

from penstock import data_loader

FILE = "data/orders.sqlite"
QUERY = "SELECT * FROM orders"


@data_loader
def sqlite_query(*args, **kwargs):
    """The rows of a query on a SQLite file."""
    path = Path(kwargs["repo_path"]) / FILE
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return pd.read_sql(QUERY, connection)
