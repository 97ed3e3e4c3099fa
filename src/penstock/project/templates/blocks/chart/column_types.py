from penstock.sdk.decorators import x


@x
def types_of(frame):
    """How many columns have which type."""
    return [str(dtype) for dtype in frame.dtypes]
