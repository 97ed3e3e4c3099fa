"""The demo project: its pipeline runs from one command, and every number is what pandas alone computes from the files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.patience import PATIENCE

DEMO = Path(__file__).resolve().parents[2] / "demo"
LOW_VISIBILITY = 3


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo walk")
    shutil.copytree(DEMO, folder / "demo", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def penstock(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(place / "home"), "MAGE_DATA_DIR": str(place / "kept")}
    command = [sys.executable, "-m", "penstock", *arguments]
    return subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


@pytest.fixture(scope="module")
def finished(place: Path) -> Path:
    """The folder with the exported files of one run."""
    variables = json.dumps({"output_dir": str(place / "out")})
    done = penstock(place, "run", "demo", "flights_delays", "--runtime-vars", variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return place / "out"


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    return pd.read_parquet(DEMO / "data" / "flights.parquet")


def test_the_input_is_the_whole_year(flights: pd.DataFrame) -> None:
    assert len(flights) == 336_776
    assert flights["dep_delay"].isna().sum() == 8_255


def test_carriers(finished: Path, flights: pd.DataFrame) -> None:
    names = pd.read_csv(DEMO / "data" / "airlines.csv").set_index("carrier")["name"]
    groups = flights.groupby("carrier")
    expected = pd.DataFrame(
        {
            "airline": names,
            "flights": groups.size(),
            "cancelled": groups["dep_delay"].apply(lambda delay: delay.isna().sum()),
            "mean_dep_delay": groups["dep_delay"].mean(),
            "median_dep_delay": groups["dep_delay"].median(),
            "mean_arr_delay": groups["arr_delay"].mean(),
        }
    )
    expected = expected[expected["flights"] >= 100].sort_values("mean_dep_delay", ascending=False)
    found = pd.read_parquet(finished / "delays_by_carrier.parquet")
    assert list(found["carrier"]) == list(expected.index)
    assert "OO" not in set(found["carrier"]), "32 flights are too few"
    pd.testing.assert_frame_equal(found.set_index("carrier"), expected, check_dtype=False, check_names=False)
    united = found.set_index("carrier").loc["UA"]
    assert (united["flights"], round(united["mean_dep_delay"], 6)) == (58_665, 12.106073)


def test_hours(finished: Path, flights: pd.DataFrame) -> None:
    groups = flights.groupby("hour")["dep_delay"]
    found = pd.read_parquet(finished / "delays_by_hour.parquet").set_index("hour")
    assert list(found.index) == sorted(set(flights["hour"]))
    assert list(found["flights"]) == list(groups.size())
    assert list(found["cancelled"]) == list(groups.apply(lambda delay: delay.isna().sum()))
    assert found["flights"].sum() == 336_776
    for column, expected in (("mean_dep_delay", groups.mean()), ("p90_dep_delay", groups.quantile(0.9))):
        pd.testing.assert_series_equal(found[column], expected, check_dtype=False, check_names=False)


def test_weather(finished: Path, flights: pd.DataFrame) -> None:
    weather = pd.read_csv(DEMO / "data" / "weather.csv", na_values=["NA"], parse_dates=["time_hour"])
    joined = flights.merge(weather, on=["origin", "time_hour"], how="left", indicator=True)
    kind = pd.Series("fair", index=joined.index)
    kind[joined["wind_speed"] >= 20] = "wind"
    kind[joined["precip"] > 0] = "precipitation"
    kind[joined["visib"] < LOW_VISIBILITY] = "low visibility"
    kind[joined["_merge"] == "left_only"] = "not measured"
    groups = joined.groupby(kind)["dep_delay"]
    found = pd.read_parquet(finished / "delays_by_weather.parquet").set_index("weather")
    assert found["flights"].to_dict() == groups.size().to_dict()
    assert found["flights"]["not measured"] == 1_556
    assert list(found.index) == list(groups.mean().sort_values(ascending=False).index)
    pd.testing.assert_series_equal(
        found["mean_dep_delay"].sort_index(), groups.mean(), check_dtype=False, check_names=False
    )


def test_csv_says_the_same(finished: Path) -> None:
    for name in ("by_carrier", "by_hour", "by_weather"):
        frame = pd.read_parquet(finished / f"delays_{name}.parquet")
        text = pd.read_csv(finished / f"delays_{name}.csv")
        pd.testing.assert_frame_equal(text, frame, check_dtype=False)
