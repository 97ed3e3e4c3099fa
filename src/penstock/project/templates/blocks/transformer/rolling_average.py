from penstock import transformer

TIME = "ordered_at"
COLUMN = "price"
WINDOW = "7D"
NAME = "price_7_days"


@transformer
def rolling_average(frame, *args, **kwargs):
    """One more column with the average over the days before each row."""
    frame = frame.sort_values(TIME, kind="stable", ignore_index=True)
    frame[NAME] = frame.rolling(WINDOW, on=TIME)[COLUMN].mean()
    return frame
