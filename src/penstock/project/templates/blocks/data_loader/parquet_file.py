from pathlib import Path

import pandas as pd

from penstock import data_loader

FILE = "data/orders.parquet"


@data_loader
def parquet_file(*args, **kwargs):
    """One Parquet file."""
    return pd.read_parquet(Path(kwargs["repo_path"]) / FILE)
