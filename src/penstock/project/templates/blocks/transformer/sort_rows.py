from penstock import transformer

COLUMNS = ["country", "ordered_at"]
ASCENDING = [True, False]


@transformer
def sort_rows(frame, *args, **kwargs):
    """The rows in order; missing values last."""
    return frame.sort_values(COLUMNS, ascending=ASCENDING, ignore_index=True)
