from penstock import transformer

COLUMN = "country"
VALUE = "NO"


@transformer
def split_into_outputs(frame, *args, **kwargs):
    """Two outputs: the rows with the value, and the others. A downstream block gets both as a list."""
    chosen = frame[COLUMN] == VALUE
    return [frame[chosen], frame[~chosen]]
