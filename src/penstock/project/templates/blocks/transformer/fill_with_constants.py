from penstock import test, transformer

VALUES = {"price": 0.0, "email": "unknown"}


@transformer
def fill_with_constants(frame, *args, **kwargs):
    """Missing values replaced by a value of each column's own: column -> value."""
    return frame.fillna(VALUES)


@test
def nothing_is_missing(filled, *args):
    assert filled[list(VALUES)].notna().all().all()
