import zipfile
from pathlib import Path

import pandas as pd

from penstock import data_loader

FILE = "data/orders.zip"


@data_loader
def zip_archive(*args, **kwargs):
    """All CSV files inside a ZIP archive, below each other; nothing is unpacked to disk."""
    with zipfile.ZipFile(Path(kwargs["repo_path"]) / FILE) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".csv"))
        frames = []
        for name in names:
            with archive.open(name) as member:
                frames.append(pd.read_csv(member).assign(file=name))
    return pd.concat(frames, ignore_index=True)
