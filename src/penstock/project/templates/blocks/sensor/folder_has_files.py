from pathlib import Path

from penstock import sensor

FOLDER = "data/daily"
PATTERN = "*.csv"
FILES = 2


@sensor
def folder_has_files(*args, **kwargs):
    """Waits until a folder holds so many files of a kind."""
    found = sum(1 for _ in (Path(kwargs["repo_path"]) / FOLDER).glob(PATTERN))
    print(f"{found} of {FILES} files are there")
    return found >= FILES
