from pathlib import Path

from penstock import data_loader
from penstock.sdk.io import FileIO

FILE = "data/orders.xml"


@data_loader
def xml_file(*args, **kwargs):
    """An XML file whose root holds one element per row."""
    return FileIO().load(Path(kwargs["repo_path"]) / FILE)
