import json

import pandas as pd

from penstock import transformer

COLUMN = "details"


@transformer
def flatten_json(frame, *args, **kwargs):
    """A column of JSON objects (as text or as dicts) becomes a column per field: details.size, details.color, ..."""
    objects = [json.loads(value) if isinstance(value, str) else value or {} for value in frame[COLUMN]]
    fields = pd.json_normalize(objects).add_prefix(f"{COLUMN}.")
    fields.index = frame.index
    return frame.drop(columns=COLUMN).join(fields)
