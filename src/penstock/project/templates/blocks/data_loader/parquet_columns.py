from pathlib import Path

import pyarrow.parquet as pq

from penstock import data_loader

FILE = "data/orders.parquet"
COLUMNS = ["order_id", "country", "price"]
FILTERS = [("country", "==", "NO")]


@data_loader
def parquet_columns(*args, **kwargs):
    """Some columns and rows of a Parquet file as an Arrow table; the rest is not read."""
    return pq.read_table(Path(kwargs["repo_path"]) / FILE, columns=COLUMNS, filters=FILTERS)
