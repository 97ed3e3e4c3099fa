from penstock import condition

VARIABLE = "export"


@condition
def variable_is_set(*args, **kwargs):
    """The block runs only when a variable of the run is true."""
    return bool(kwargs.get(VARIABLE))
