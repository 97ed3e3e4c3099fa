from penstock import transformer

COLUMN = "price"
REACH = 1.5


@transformer
def remove_outliers(frame, *args, **kwargs):
    """Without the rows that lie further from the middle half of the values than REACH times its width."""
    low, high = frame[COLUMN].quantile([0.25, 0.75])
    reach = REACH * (high - low)
    inside = frame[COLUMN].between(low - reach, high + reach) | frame[COLUMN].isna()
    kwargs["logger"].info(f"{(~inside).sum():,} of {len(frame):,} rows are outliers of {COLUMN}")
    return frame[inside]
