from pathlib import Path

import pandas as pd

from penstock import data_loader, test

FILE = "data/orders.csv"
DATES = ["ordered_at"]


@data_loader
def csv_file(*args, **kwargs):
    """One CSV file. Relative paths start at the project's folder."""
    return pd.read_csv(Path(kwargs["repo_path"]) / FILE, parse_dates=DATES)


@test
def there_are_rows(frame, *args):
    assert len(frame) > 0
