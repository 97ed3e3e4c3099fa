from penstock import sensor


@sensor
def upstream_has_rows(*args, **kwargs):
    """Waits until the upstream block's output has rows."""
    return bool(args) and len(args[0]) > 0
