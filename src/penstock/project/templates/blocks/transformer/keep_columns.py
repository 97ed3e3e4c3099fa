from penstock import transformer

COLUMNS = ["order_id", "country", "price"]


@transformer
def keep_columns(frame, *args, **kwargs):
    """Only these columns, in this order."""
    return frame[COLUMNS]
