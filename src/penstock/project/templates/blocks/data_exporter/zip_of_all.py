import zipfile
from pathlib import Path

from penstock import data_exporter

FILE = "output/all.zip"


@data_exporter
def zip_of_all(*frames, **kwargs):
    """A ZIP archive with a CSV file per upstream."""
    path = Path(kwargs["repo_path"]) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, frame in enumerate(frames, start=1):
            archive.writestr(f"table_{number}.csv", frame.to_csv(index=False))
