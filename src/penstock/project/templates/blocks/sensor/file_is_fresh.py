import time
from pathlib import Path

from penstock import sensor

FILE = "data/orders.csv"
HOURS = 24


@sensor
def file_is_fresh(*args, **kwargs):
    """Waits until the file has been written within the last hours."""
    path = Path(kwargs["repo_path"]) / FILE
    return path.is_file() and time.time() - path.stat().st_mtime < HOURS * 3600
