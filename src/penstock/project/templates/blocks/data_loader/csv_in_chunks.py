from pathlib import Path

import pandas as pd

from penstock import data_loader

FILE = "data/orders.csv"
ROWS = 100_000


@data_loader
def csv_in_chunks(*args, **kwargs):
    """A CSV file larger than memory: each part is stored as it is read, all parts together are one output."""
    path = Path(kwargs["repo_path"]) / FILE
    total = 0
    with pd.read_csv(path, chunksize=ROWS) as chunks:
        for chunk in chunks:
            total += len(chunk)
            kwargs["logger"].info(f"{total:,} rows")
            yield chunk
