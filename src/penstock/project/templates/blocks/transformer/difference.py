from penstock import transformer

COLUMN = "price"
GROUP_BY = ["product"]
ORDER = "ordered_at"
NAME = "price_change"


@transformer
def difference(frame, *args, **kwargs):
    """One more column with the change since the row before, within the group."""
    frame = frame.sort_values(ORDER, kind="stable")
    frame[NAME] = frame.groupby(GROUP_BY)[COLUMN].diff()
    return frame
