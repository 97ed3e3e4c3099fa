from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather

from penstock import data_exporter

FILE = "output/orders.arrow"


@data_exporter
def arrow_file(frame, *args, **kwargs):
    """An Arrow IPC (Feather) file, uncompressed, so that readers can map it into memory."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    feather.write_feather(pa.Table.from_pandas(frame, preserve_index=False), path, compression="uncompressed")
