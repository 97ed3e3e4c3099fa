from penstock import transformer

COLUMN = "price"
GROUP_BY = ["product"]
ORDER = "ordered_at"
PERIODS = 1
NAME = "previous_price"


@transformer
def shift_column(frame, *args, **kwargs):
    """One more column with the value of an earlier row of the same group; negative PERIODS look ahead."""
    frame = frame.sort_values(ORDER, kind="stable")
    frame[NAME] = frame.groupby(GROUP_BY)[COLUMN].shift(PERIODS)
    return frame
