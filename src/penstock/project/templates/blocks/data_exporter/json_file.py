from pathlib import Path

from penstock import data_exporter

FILE = "output/orders.json"


@data_exporter
def json_file(frame, *args, **kwargs):
    """A JSON file with a list of objects, one per row; times in ISO 8601."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_json(path, orient="records", date_format="iso", indent=2)
