from pathlib import Path

import pandas as pd

from penstock import data_loader
from penstock.sdk.io import FileIO

FOLDER = "data/daily"
PATTERN = "*.csv"


@data_loader
def folder_of_files(*args, **kwargs):
    """All files of a folder (CSV, JSON, Parquet, Excel), below each other, with the name of the file as a column."""
    paths = sorted((Path(kwargs["repo_path"]) / FOLDER).glob(PATTERN))
    if not paths:
        raise FileNotFoundError(f"no file in {FOLDER} is like {PATTERN}")
    return pd.concat([FileIO().load(path).assign(file=path.name) for path in paths], ignore_index=True)
