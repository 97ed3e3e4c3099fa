from pathlib import Path

import pandas as pd

from penstock import data_loader, test


@data_loader
def load_weather(*args, **kwargs):
    """Hourly weather at the three airports; `NA` marks what was not measured."""
    return pd.read_csv(
        Path(kwargs["repo_path"]) / "data" / "weather.csv",
        keep_default_na=False,
        na_values=["NA"],
        parse_dates=["time_hour"],
    )


@test
def one_row_per_airport_and_hour(weather, *args):
    assert not weather.duplicated(["origin", "time_hour"]).any()


@test
def gaps_are_missing_not_text(weather, *args):
    assert weather["wind_gust"].dtype == "float64"
    assert weather["wind_gust"].isna().sum() == 20_778
