from pathlib import Path

from penstock import data_exporter
from penstock.sdk.io import FileIO

FILE = "output/orders.csv"


@data_exporter
def csv_file(frame, *args, **kwargs):
    """A CSV file. It is replaced whole, or stays as it was when writing fails."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    FileIO().export(frame, path, index=False)
