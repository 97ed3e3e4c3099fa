from pathlib import Path

from penstock import data_loader
from penstock.sdk.io import FileIO

FOLDER = "data/daily"
PATTERN = "*.csv"


@data_loader
def newest_file(*args, **kwargs):
    """The file of a folder that was changed last."""
    paths = list((Path(kwargs["repo_path"]) / FOLDER).glob(PATTERN))
    if not paths:
        raise FileNotFoundError(f"no file in {FOLDER} is like {PATTERN}")
    newest = max(paths, key=lambda path: path.stat().st_mtime)
    kwargs["logger"].info(f"reading {newest.name}")
    return FileIO().load(newest)
