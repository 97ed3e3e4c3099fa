from penstock import transformer

COLUMN = "quantity"
GROUP_BY = ["country"]
ORDER = "ordered_at"
NAME = "quantity_so_far"


@transformer
def running_total(frame, *args, **kwargs):
    """One more column with the sum of all rows up to this one, within the group."""
    frame = frame.sort_values(ORDER, kind="stable")
    frame[NAME] = frame.groupby(GROUP_BY)[COLUMN].cumsum()
    return frame
