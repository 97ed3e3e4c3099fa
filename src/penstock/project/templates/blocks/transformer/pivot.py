from penstock import transformer

ROWS = "country"
COLUMNS = "product"
VALUES = "quantity"


@transformer
def pivot(frame, *args, **kwargs):
    """A table with a row per value of one column and a column per value of another; cells hold sums."""
    table = frame.pivot_table(index=ROWS, columns=COLUMNS, values=VALUES, aggfunc="sum", fill_value=0)
    table.columns = [str(name) for name in table.columns]
    return table.reset_index()
