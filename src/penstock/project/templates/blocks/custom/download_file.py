import shutil
import urllib.request
from pathlib import Path

from penstock import custom

URL = "https://example.org/orders.csv"
FOLDER = "data/downloads"
SECONDS = 60


@custom
def download_file(*args, **kwargs):
    """A file of the web stored in the project; it appears under its name only when it is complete."""
    folder = Path(kwargs["repo_path"]) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / URL.rpartition("/")[2]
    part = target.with_suffix(f"{target.suffix}.part")
    with urllib.request.urlopen(URL, timeout=SECONDS) as answer, part.open("wb") as file:
        shutil.copyfileobj(answer, file)
    part.replace(target)
    return {"file": str(target.relative_to(kwargs["repo_path"])), "bytes": target.stat().st_size}
