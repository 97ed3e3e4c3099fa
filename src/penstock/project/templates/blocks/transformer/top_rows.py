from penstock import transformer

COLUMN = "price"
ROWS = 10


@transformer
def top_rows(frame, *args, **kwargs):
    """The rows with the largest values of a column."""
    return frame.nlargest(ROWS, COLUMN)
