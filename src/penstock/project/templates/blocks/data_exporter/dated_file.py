from datetime import UTC, datetime
from pathlib import Path

from penstock import data_exporter

FOLDER = "output/history"


@data_exporter
def dated_file(frame, *args, **kwargs):
    """A file named after the day of the run, so that every day is kept; a second run of a day replaces its file."""
    day = (kwargs.get("execution_date") or datetime.now(UTC)).strftime("%Y-%m-%d")
    path = Path(kwargs["repo_path"]) / FOLDER / f"{day}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path, index=False)
    kwargs["logger"].info(f"{len(frame):,} rows written to {path}")
