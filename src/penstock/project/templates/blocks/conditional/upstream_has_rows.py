from penstock import condition


@condition
def upstream_has_rows(*args, **kwargs):
    """The block runs only when each of its upstreams has rows."""
    return all(len(data) > 0 for data in args)
