import pandas as pd

from penstock import transformer


@transformer
def describe_columns(frame, *args, **kwargs):
    """One row per column: its type, missing and distinct values, smallest and largest."""

    def extreme(column, function):
        present = column.dropna()
        return str(getattr(present, function)()) if len(present) else None

    return pd.DataFrame(
        {
            "column": [str(name) for name in frame.columns],
            "type": [str(dtype) for dtype in frame.dtypes],
            "missing": [int(frame[name].isna().sum()) for name in frame.columns],
            "distinct": [int(frame[name].astype("string").nunique()) for name in frame.columns],
            "smallest": [extreme(frame[name], "min") for name in frame.columns],
            "largest": [extreme(frame[name], "max") for name in frame.columns],
        }
    )
