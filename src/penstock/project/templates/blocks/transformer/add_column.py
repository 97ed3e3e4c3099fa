from penstock import transformer

NAME = "amount"


@transformer
def add_column(frame, *args, **kwargs):
    """One more column, computed from others of the same row."""
    frame[NAME] = frame["quantity"] * frame["price"]
    return frame
