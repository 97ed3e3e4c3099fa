from penstock import transformer

GROUP_BY = ["customer"]
ORDER = "ordered_at"
NAME = "number"


@transformer
def number_rows(frame, *args, **kwargs):
    """The place of each row within its group, from 1: a customer's first order, the second, ..."""
    frame = frame.sort_values(ORDER, kind="stable")
    frame[NAME] = frame.groupby(GROUP_BY).cumcount() + 1
    return frame
