from pathlib import Path

from penstock import data_exporter

FILE = "output/orders.jsonl"


@data_exporter
def json_lines(frame, *args, **kwargs):
    """A file with one JSON object per line."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_json(path, orient="records", lines=True, date_format="iso")
