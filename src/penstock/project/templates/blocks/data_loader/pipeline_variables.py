from penstock import data_loader


@data_loader
def pipeline_variables(*args, **kwargs):
    """The variables of this run that can be written as JSON, as one object."""
    plain = (str, int, float, bool, type(None))
    return {name: value for name, value in kwargs.items() if isinstance(value, plain)}
