from pathlib import Path

import pandas as pd

from penstock import data_loader

FILE = "data/orders.txt"
COLUMNS = {"order_id": (0, 8), "country": (8, 10), "price": (10, 20)}


@data_loader
def fixed_width_file(*args, **kwargs):
    """A text file whose columns start and end at fixed places: name -> (first, end), counted from 0."""
    path = Path(kwargs["repo_path"]) / FILE
    return pd.read_fwf(path, colspecs=list(COLUMNS.values()), names=list(COLUMNS), header=None)
