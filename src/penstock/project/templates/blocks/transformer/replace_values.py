from penstock import transformer

COLUMN = "country"
VALUES = {"NO": "Norway", "SE": "Sweden", "DK": "Denmark"}


@transformer
def replace_values(frame, *args, **kwargs):
    """Some values of a column replaced by others; the rest stays."""
    frame[COLUMN] = frame[COLUMN].replace(VALUES)
    return frame
