"""Charts of tables: aggregated, bounded, and honest about what they leave out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from penstock.data import Manifest
from penstock.model.errors import SettingInvalidError
from tests.server.outputs.conftest import Desk


@pytest.fixture(scope="module")
def flights(desk: Desk) -> Manifest:
    frame = pd.DataFrame(
        {
            "carrier": ["AA", "UA", "AA", None, "DL", "UA"],
            "delay": [10.0, np.nan, 20.0, 5.0, 1.0, 3.0],
            "hour": [1, 2, 1, 3, 2, 2],
            "at": pd.to_datetime(
                [
                    "2024-01-01 10:10",
                    "2024-01-01 11:00",
                    "2024-02-03 00:00",
                    None,
                    "2024-02-05 05:00",
                    "2025-01-01 00:00",
                ]
            ),
            "text": ["2024-01-01", "2024-01-02", "2024-01-02", None, "2024-01-02", "2024-01-03"],
            "late": [True, False, True, False, True, True],
            "day": pd.Categorical(["mo", "tu", "mo", "mo", "tu", "tu"]),
            "took": pd.to_timedelta([60, 120, 60, 0, 30, 90], unit="s"),
        }
    )
    return desk.put(frame)


def metric(aggregation: str, column: str | None = None) -> list[dict]:
    return [{"aggregation": aggregation, "column": column}]


def test_bars_count_groups_the_largest_first_and_null_is_one(desk: Desk, flights: Manifest) -> None:
    chart = desk.chart(flights, chart_type="bar chart", group_by=["carrier"])
    assert chart["rows"] == [["AA", 2], ["UA", 2], ["DL", 1], [None, 1]]
    assert chart["columns"][0] == {"name": "carrier", "role": "x", "type": "text"}
    assert (chart["total"], chart["note"]) == (4, "")


@pytest.mark.parametrize(
    ("aggregation", "column", "wanted"),
    [
        ("average", "delay", {"AA": 15, "UA": 3, "DL": 1, None: 5}),
        ("sum", "delay", {"AA": 30, "UA": 3, "DL": 1, None: 5}),
        ("count", "delay", {"AA": 2, "UA": 1, "DL": 1, None: 1}),
        ("count_distinct", "hour", {"AA": 1, "UA": 1, "DL": 1, None: 1}),
        ("max", "delay", {"AA": 20, "UA": 3, "DL": 1, None: 5}),
        ("min", "hour", {"AA": 1, "UA": 2, "DL": 2, None: 3}),
        ("median", "delay", {"AA": 15, "UA": 3, "DL": 1, None: 5}),
        ("mode", "day", {"AA": "mo", "UA": "tu", "DL": "tu", None: "mo"}),
        ("sum", "late", {"AA": 2, "UA": 1, "DL": 1, None: 0}),
        ("average", "took", {"AA": 60, "UA": 105, "DL": 30, None: 0}),
        (
            "max",
            "at",
            {"AA": "2024-02-03 00:00:00", "UA": "2025-01-01 00:00:00", "DL": "2024-02-05 05:00:00", None: None},
        ),
    ],
)
def test_every_aggregation(desk: Desk, flights: Manifest, aggregation: str, column: str, wanted: dict) -> None:
    chart = desk.chart(flights, chart_type="bar chart", group_by=["carrier"], metrics=metric(aggregation, column))
    assert dict(map(tuple, chart["rows"])) == wanted


def test_bars_in_the_order_that_is_asked_for(desk: Desk, flights: Manifest) -> None:
    given = {"chart_type": "bar chart", "x": "carrier", "y": ["hour"]}
    assert [row[1] for row in desk.chart(flights, **given, y_sort_order="ascending")["rows"]] == [2, 2, 3, 4]
    assert next(row[0] for row in desk.chart(flights, **given, y_sort_order="descending")["rows"]) == "UA"


def test_too_many_groups_are_put_together_from_their_own_rows(desk: Desk) -> None:
    frame = pd.DataFrame({"g": [f"g{n:03d}" for n in range(200) for _ in range(1 + (n < 3))], "v": 2.0})
    chart = desk.chart(frame, chart_type="pie chart", x="g", metrics=metric("average", "v"), limit=3, y_sort_order="")
    assert chart["rows"][-1] == ["Other", 2.0]
    assert len(chart["rows"]) == 4
    assert chart["note"] == "3 of 200 groups; the others together are 'Other'."
    chart = desk.chart(frame, chart_type="pie chart", x="g", limit=3)
    assert chart["rows"] == [["g000", 2], ["g001", 2], ["g002", 2], ["Other", 197]]


def test_lines_follow_x_and_many_numbers_are_put_into_steps(desk: Desk, flights: Manifest) -> None:
    line = desk.chart(flights, chart_type="line chart", x="hour", metrics=metric("average", "delay"))
    assert line["rows"] == [[1, 15], [2, 2], [3, 5]]
    big = pd.DataFrame({"x": np.arange(300_000), "y": 1})
    area = desk.chart(big, chart_type="area chart", x="x", metrics=metric("sum", "y"))
    assert len(area["rows"]) == 500
    assert sum(row[1] for row in area["rows"]) == 300_000
    assert "500 steps" in area["note"]


def test_two_dimensions_make_series(desk: Desk, flights: Manifest) -> None:
    chart = desk.chart(flights, chart_type="bar chart", group_by=["hour", "day"])
    assert chart["rows"] == [[1, "mo", 2], [2, "tu", 3], [3, "mo", 1]]
    assert chart["series"] == ["mo", "tu"]


@pytest.mark.parametrize(
    ("interval", "wanted"),
    [
        ("month", [["2024-01", 2], ["2024-02", 2], ["2025-01", 1]]),
        ("year", [["2024", 4], ["2025", 1]]),
        ("day", [["2024-01-01", 2], ["2024-02-03", 1], ["2024-02-05", 1], ["2025-01-01", 1]]),
        ("week", [["2024-01-01", 2], ["2024-01-29", 1], ["2024-02-05", 1], ["2024-12-30", 1]]),
        (
            "hour",
            [
                ["2024-01-01 10:00", 1],
                ["2024-01-01 11:00", 1],
                ["2024-02-03 00:00", 1],
                ["2024-02-05 05:00", 1],
                ["2025-01-01 00:00", 1],
            ],
        ),
        (
            "original",
            [
                ["2024-01-01 10:10:00", 1],
                ["2024-01-01 11:00:00", 1],
                ["2024-02-03 00:00:00", 1],
                ["2024-02-05 05:00:00", 1],
                ["2025-01-01 00:00:00", 1],
            ],
        ),
    ],
)
def test_times_in_buckets(desk: Desk, flights: Manifest, interval: str, wanted: list) -> None:
    chart = desk.chart(flights, chart_type="time series line chart", x="at", time_interval=interval)
    assert chart["rows"] == wanted
    assert chart["note"] == "1 rows without a time are left out."


def test_times_are_cut_on_the_clock_of_their_zone(desk: Desk) -> None:
    late = pd.DataFrame(
        {"t": pd.to_datetime(["2024-06-30 22:30", "2024-07-01 12:00"]).tz_localize("UTC").tz_convert("Europe/Berlin")}
    )
    chart = desk.chart(late, chart_type="time series bar chart", x="t", time_interval="month")
    assert chart["rows"] == [["2024-07", 2]]


def test_text_that_is_dates_may_be_charted_over_time_and_other_text_says_no(desk: Desk, flights: Manifest) -> None:
    chart = desk.chart(flights, chart_type="time series bar chart", x="text", time_interval="day")
    assert chart["rows"] == [["2024-01-01", 1], ["2024-01-02", 3], ["2024-01-03", 1]]
    with pytest.raises(SettingInvalidError, match="carrier over time: its type is str"):
        desk.chart(flights, chart_type="time series bar chart", x="carrier")


def test_too_many_buckets_become_longer_ones(desk: Desk) -> None:
    frame = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=20_000, freq="min")})
    chart = desk.chart(frame, chart_type="time series line chart", x="t", time_interval="minute")
    assert chart["total"] == len(chart["rows"]) == 334
    assert chart["note"] == "Too many points for intervals of 'minute': shown by hour."


def test_histograms_cover_all_values(desk: Desk, flights: Manifest) -> None:
    chart = desk.chart(flights, chart_type="histogram", x=["delay"], buckets=4)
    assert [row[2] for row in chart["rows"]] == [3, 1, 0, 1]
    assert (chart["rows"][0][0], chart["rows"][-1][1]) == (1.0, 20.0)
    assert chart["note"] == "1 rows without a value are left out."
    with pytest.raises(SettingInvalidError, match="histogram of carrier"):
        desk.chart(flights, chart_type="histogram", x=["carrier"])


@pytest.mark.parametrize(
    "values", [[], [None, None], [np.nan], [5.0], [np.inf, -np.inf, 1.0], [2**62, -(2**62)], [1e308, -1e308]]
)
def test_histograms_of_odd_columns(desk: Desk, values: list) -> None:
    frame = pd.DataFrame(
        {"x": pd.Series(values, dtype="int64" if values and isinstance(values[0], int) else "float64")}
    )
    chart = desk.chart(frame, chart_type="histogram", x="x")
    assert sum(row[2] for row in chart["rows"]) == int(np.isfinite(frame["x"]).sum())


def test_scatter_of_many_points_is_an_even_choice(desk: Desk) -> None:
    frame = pd.DataFrame({"x": np.arange(12_000), "y": np.arange(12_000) * 2.0, "c": ["a", "b"] * 6000})
    chart = desk.chart(frame, chart_type="scatter plot", x="x", y="y", group_by="c")
    assert len(chart["rows"]) == 4000
    assert chart["rows"][1] == [3, 6.0, "b"]
    assert chart["note"] == "Every 3th of 12,000 points."
    with pytest.raises(SettingInvalidError, match="it needs a column for x and one for y"):
        desk.chart(frame, chart_type="scatter plot", x="x")


def test_heat_map_number_and_table(desk: Desk, flights: Manifest) -> None:
    heat = desk.chart(flights, chart_type="heat map", x="hour", y="day", metrics=metric("count"))
    assert heat["rows"] == [[1, "mo", 2], [2, "tu", 3], [3, "mo", 1]]
    number = desk.chart(flights, chart_type="number", metrics=[*metric("sum", "hour"), *metric("max", "delay")])
    assert number["rows"] == [[11, 20]]
    assert desk.chart(flights, chart_type="number")["rows"] == [[6]]
    table = desk.chart(flights, chart_type="table", x=["carrier", "at"], order_by=["hour desc"], limit=2)
    assert table["rows"] == [[None, None], ["UA", "2024-01-01 11:00:00"]]
    assert table["note"] == "2 of 6 rows."
    grouped = desk.chart(flights, chart_type="table", group_by=["late"], metrics=metric("sum", "hour"))
    assert sorted(grouped["rows"], key=str) == [[False, 5], [True, 6]]


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"chart_type": "fancy"}, "unknown type 'fancy'"),
        ({}, "unknown type ''"),
        ({"chart_type": "bar chart"}, "it needs a column for x"),
        ({"chart_type": "bar chart", "x": "nope"}, "there is no column 'nope'"),
        ({"chart_type": "bar chart", "x": {"a": 1}}, "x is no column"),
        (
            {"chart_type": "bar chart", "x": "hour", "metrics": metric("sum", "carrier")},
            "its type is str, not a number",
        ),
        ({"chart_type": "bar chart", "x": "hour", "metrics": metric("evil(", "hour")}, "unknown aggregation"),
        ({"chart_type": "bar chart", "x": "hour", "metrics": metric("max")}, "max of no column"),
        ({"chart_type": "bar chart", "x": "hour", "limit": "x"}, "limit is no whole number"),
        ({"chart_type": "time series bar chart", "x": "at", "time_interval": "day'); drop"}, "unknown time_interval"),
    ],
)
def test_configurations_that_make_no_sense_say_so(
    desk: Desk, flights: Manifest, configuration: dict, words: str
) -> None:
    with pytest.raises(SettingInvalidError, match=words) as caught:
        desk.chart(flights, **configuration)
    assert caught.value.hint


def test_columns_that_are_written_otherwise_are_found(desk: Desk) -> None:
    frame = pd.DataFrame({"date_joined": pd.to_datetime(["2024-01-01"]), "x": [1]})
    given = {"chart_type": "time series line chart", "group_by": ["Date joined"], "time_interval": "day"}
    assert desk.chart(frame, **given)["rows"] == [["2024-01-01", 1]]
