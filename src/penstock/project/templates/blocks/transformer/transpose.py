from penstock import transformer


@transformer
def transpose(frame, *args, **kwargs):
    """Rows become columns; for small tables such as a summary."""
    turned = frame.describe(include="all").astype("string").T
    return turned.reset_index(names="column")
