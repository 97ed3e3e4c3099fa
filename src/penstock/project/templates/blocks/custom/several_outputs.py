from penstock import custom


@custom
def several_outputs(frame, *args, **kwargs):
    """A list is several outputs: output_0 is a table, output_1 an object, output_2 a text."""
    return [frame.head(10), {"rows": len(frame)}, f"{len(frame):,} rows"]
