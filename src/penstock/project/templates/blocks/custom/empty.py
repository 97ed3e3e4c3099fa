from penstock import custom


@custom
def empty(*args, **kwargs):
    """Anything; what is returned is the block's output."""
    return {"upstreams": len(args)}
