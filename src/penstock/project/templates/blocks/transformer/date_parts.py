from penstock import transformer

COLUMN = "ordered_at"


@transformer
def date_parts(frame, *args, **kwargs):
    """Year, month, day, weekday and hour of a time as columns of their own."""
    time = frame[COLUMN].dt
    return frame.assign(
        year=time.year,
        month=time.month,
        day=time.day,
        weekday=time.day_name(),
        hour=time.hour,
    )
