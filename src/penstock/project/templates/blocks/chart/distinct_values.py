from penstock.sdk.decorators import x, y


@x
def columns_of(frame):
    """How many distinct values each column has."""
    return [str(name) for name in frame.columns]


@y
def distinct(frame):
    """As high as the column has values."""
    return [int(frame[name].astype("string").nunique()) for name in frame.columns]
