from pathlib import Path

import pandas as pd

from penstock import data_loader, test


@data_loader
def load_flights(*args, **kwargs):
    """Every flight that left New York's three airports in 2013."""
    return pd.read_parquet(Path(kwargs["repo_path"]) / "data" / "flights.parquet")


@test
def one_year_of_flights(flights, *args):
    assert len(flights) == 336_776, f"expected 336,776 flights, got {len(flights):,}"
    assert set(flights["year"]) == {2013}
