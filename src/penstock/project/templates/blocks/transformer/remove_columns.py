from penstock import transformer

COLUMNS = ["email"]


@transformer
def remove_columns(frame, *args, **kwargs):
    """All columns but these. A name that is not there is an error; errors="ignore" would pass over it."""
    return frame.drop(columns=COLUMNS)
