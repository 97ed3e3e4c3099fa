import pandas as pd

from penstock import transformer


@transformer
def records_to_frame(records, *args, **kwargs):
    """A list of dicts, as an API answers, becomes a frame; inner dicts become columns with dots in their names."""
    return pd.json_normalize(list(records))
