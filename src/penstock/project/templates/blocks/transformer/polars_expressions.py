import polars as pl

from penstock import transformer


@transformer
def polars_expressions(frame, *args, **kwargs):
    """Filter, compute and sort with Polars. The output stays a Polars frame."""
    data = frame if isinstance(frame, pl.DataFrame) else pl.from_pandas(frame)
    return (
        data.lazy()
        .filter(pl.col("quantity") >= 2)
        .with_columns((pl.col("quantity") * pl.col("price")).alias("amount"))
        .sort("amount", descending=True, nulls_last=True)
        .collect()
    )
