from pathlib import Path

import pyarrow.feather as feather

from penstock import data_loader

FILE = "data/orders.arrow"


@data_loader
def arrow_file(*args, **kwargs):
    """An Arrow IPC (Feather) file, mapped into memory instead of read."""
    return feather.read_table(Path(kwargs["repo_path"]) / FILE, memory_map=True)
