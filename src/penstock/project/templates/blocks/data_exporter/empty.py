from penstock import data_exporter


@data_exporter
def empty(data, *args, **kwargs):
    """Writes its upstream to where it is wanted."""
    kwargs["logger"].info(f"got {type(data).__name__}")
