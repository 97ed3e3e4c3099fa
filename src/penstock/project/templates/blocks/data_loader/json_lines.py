from pathlib import Path

import pandas as pd

from penstock import data_loader

FILE = "data/orders.jsonl"


@data_loader
def json_lines(*args, **kwargs):
    """A file with one JSON object per line."""
    return pd.read_json(Path(kwargs["repo_path"]) / FILE, lines=True)
