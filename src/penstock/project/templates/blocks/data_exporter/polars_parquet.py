from pathlib import Path

import polars as pl

from penstock import data_exporter

FILE = "output/orders_polars.parquet"


@data_exporter
def polars_parquet(frame, *args, **kwargs):
    """A Parquet file written by Polars."""
    data = frame if isinstance(frame, pl.DataFrame) else pl.from_pandas(frame)
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    data.write_parquet(path)
