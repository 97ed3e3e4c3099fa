from pathlib import Path

from penstock import data_exporter
from penstock.sdk.io import FileIO

FILE = "output/orders.xml"


@data_exporter
def xml_file(frame, *args, **kwargs):
    """An XML file with one element per row."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    FileIO().export(frame, path, index=False, row_name="order")
