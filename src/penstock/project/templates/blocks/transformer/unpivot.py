from penstock import transformer

KEEP = ["order_id"]
COLUMNS = ["quantity", "price"]


@transformer
def unpivot(frame, *args, **kwargs):
    """Columns turned into rows: one row per kept key and column, with the column's name and value."""
    return frame.melt(id_vars=KEEP, value_vars=COLUMNS, var_name="name", value_name="value")
