from penstock import transformer

TIME = "ordered_at"
VALUE = "price"
EVERY = "1W"


@transformer
def totals_by_time(frame, *args, **kwargs):
    """One row per week (or "1D", "1h", "1MS"): how many rows, their sum and mean. Empty periods are there too."""
    periods = frame.resample(EVERY, on=TIME)[VALUE]
    return periods.agg(["size", "sum", "mean"]).rename(columns={"size": "rows"}).reset_index()
