import pandas as pd

from penstock import transformer

TIME = "ordered_at"
BY = "country"


@transformer
def look_up_nearest(rows, history, *args, **kwargs):
    """For each row the last entry of the second upstream at or before its time: the price or rate that held then."""
    return pd.merge_asof(rows.sort_values(TIME), history.sort_values(TIME), on=TIME, by=BY, suffixes=("", "_then"))
