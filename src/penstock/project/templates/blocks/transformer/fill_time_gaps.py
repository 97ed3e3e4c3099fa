from penstock import transformer

TIME = "ordered_at"
VALUE = "price"
EVERY = "1D"


@transformer
def fill_time_gaps(frame, *args, **kwargs):
    """One row per day, also where there was none: a straight line between the days that have a value."""
    daily = frame.groupby(frame[TIME].dt.floor(EVERY))[VALUE].mean()
    return daily.resample(EVERY).mean().interpolate().reset_index()
