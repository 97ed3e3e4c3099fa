from pathlib import Path

import polars as pl

from penstock import data_loader

FILE = "data/orders.parquet"


@data_loader
def polars_scan(*args, **kwargs):
    """A Parquet file with Polars: the filter runs while reading."""
    return (
        pl.scan_parquet(Path(kwargs["repo_path"]) / FILE)
        .filter(pl.col("quantity") >= 2)
        .select("order_id", "country", "quantity")
        .collect()
    )
