from pathlib import Path

from penstock import sensor

FILE = "data/orders.csv"


@sensor
def file_exists(*args, **kwargs):
    """Waits until the file is there."""
    return (Path(kwargs["repo_path"]) / FILE).is_file()
