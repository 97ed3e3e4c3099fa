import json
from pathlib import Path

import pandas as pd

from penstock import data_loader

FILE = "data/orders.json"


@data_loader
def json_file(*args, **kwargs):
    """A JSON file that holds a list of objects; inner objects become columns with dots in their names."""
    text = (Path(kwargs["repo_path"]) / FILE).read_text(encoding="utf-8")
    return pd.json_normalize(json.loads(text))
