from penstock import transformer

COLUMNS = ["price"]
GROUP_BY = ["product"]
ORDER = "ordered_at"


@transformer
def fill_from_previous_row(frame, *args, **kwargs):
    """Missing values take the last value before them, in the order of ORDER and within the group."""
    frame = frame.sort_values(ORDER, kind="stable")
    frame[COLUMNS] = frame.groupby(GROUP_BY)[COLUMNS].ffill()
    return frame
