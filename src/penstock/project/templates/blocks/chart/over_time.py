from penstock.sdk.decorators import x, y

TIME = "ordered_at"
VALUE = "price"


@x
def time_of(frame):
    """A value over time."""
    return frame[TIME]


@y
def value_of(frame):
    """One value for each time."""
    return frame[VALUE]
