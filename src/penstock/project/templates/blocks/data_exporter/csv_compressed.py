from pathlib import Path

from penstock import data_exporter

FILE = "output/orders.csv.gz"


@data_exporter
def csv_compressed(frame, *args, **kwargs):
    """A CSV file, compressed; the extension (gz, bz2, xz, zip, zst) says how."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False)
