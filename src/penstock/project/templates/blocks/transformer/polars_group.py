import polars as pl

from penstock import transformer

GROUP_BY = ["country"]


@transformer
def polars_group(frame, *args, **kwargs):
    """One row per group, with Polars."""
    data = frame if isinstance(frame, pl.DataFrame) else pl.from_pandas(frame)
    return (
        data.lazy()
        .group_by(GROUP_BY)
        .agg(pl.len().alias("orders"), pl.col("quantity").sum(), pl.col("price").mean().alias("mean_price"))
        .sort(GROUP_BY)
        .collect()
    )
