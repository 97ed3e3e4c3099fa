from pathlib import Path

from penstock import data_exporter

FOLDER = "output/countries"
GROUP_BY = "country"


@data_exporter
def file_per_group(frame, *args, **kwargs):
    """A CSV file for each value of a column."""
    folder = Path(kwargs["repo_path"]) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for value, rows in frame.groupby(GROUP_BY):
        name = "".join(letter if letter.isalnum() else "_" for letter in str(value))
        rows.to_csv(folder / f"{name}.csv", index=False)
