# ruff: noqa: DTZ001 - moments without a zone are one of the kinds that columns hold
"""Moments, dates and durations of Python objects in tables of every SQL system: exact, or told which column loses what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from penstock.sdk.io.duckdb import DuckDB
from penstock.sdk.io.postgres import Postgres
from penstock.sdk.io.sql import BaseSQL

WARSAW = ZoneInfo("Europe/Warsaw")
NOON = dt.datetime(2024, 1, 1, 12)
FINE = pd.Timestamp("2024-01-01 12:00:00.123456789")
told: list[str] = []


@pytest.fixture(params=["duckdb", "postgres"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BaseSQL]:
    if request.param == "duckdb":
        made: BaseSQL = DuckDB(str(tmp_path / "moments.duckdb"), verbose=False)
    else:
        server = request.getfixturevalue("postgres_server")
        database = request.getfixturevalue("postgres_database")
        made = Postgres(database, server.user, "not-a-secret", server.host, server.port, verbose=False)
    told.clear()
    made.system.hear(told.append)
    with made:
        yield made


def exported(client: BaseSQL, values: list[Any], **options: Any) -> list[Any]:
    client.export(pd.DataFrame({"made": pd.Series(values, dtype=object)}), None, "moments", **options)
    return stored(client)


def stored(client: BaseSQL) -> list[Any]:
    return client.system.query("SELECT made FROM moments").table["made"].to_pylist()  # type: ignore[no-any-return]


def column_type(client: BaseSQL) -> str:
    table = client.system.query("SELECT data_type AS t FROM information_schema.columns WHERE table_name = 'moments'")
    return str(table.table["t"].to_pylist()[0]).lower()


UTC_NOON = dt.datetime(2024, 1, 1, 11, tzinfo=dt.UTC)
EXACT: dict[str, tuple[list[Any], list[Any]]] = {
    "one zone": ([NOON.replace(tzinfo=WARSAW), None], [UTC_NOON, None]),
    "several zones": ([NOON.replace(tzinfo=WARSAW), UTC_NOON], [UTC_NOON, UTC_NOON]),
    "of pandas": ([pd.Timestamp(NOON, tz="Europe/Warsaw"), pd.NaT], [UTC_NOON, None]),
    "one of them without a zone": (
        [NOON.replace(tzinfo=WARSAW), NOON],
        ["2024-01-01T12:00:00+01:00", "2024-01-01T12:00:00"],
    ),
    "the first of them without a zone": (
        [NOON, NOON.replace(tzinfo=WARSAW)],
        ["2024-01-01T12:00:00", "2024-01-01T12:00:00+01:00"],
    ),
    "a date, then a moment": ([NOON.date(), NOON], ["2024-01-01", "2024-01-01T12:00:00"]),
    "a moment, then a date": ([NOON, NOON.date()], ["2024-01-01T12:00:00", "2024-01-01"]),
    "dates of numpy": ([np.datetime64("2024-01-01"), np.datetime64("NaT")], [NOON.date(), None]),
    "moments of numpy": ([np.datetime64(NOON, "us"), None], [NOON, None]),
    "clock times with an offset": ([dt.time(1, 2, tzinfo=dt.UTC), None], ["01:02:00+00:00", None]),
    "nanoseconds that no column has room for": (
        [FINE, dt.datetime(9999, 1, 1)],
        ["2024-01-01T12:00:00.123456789", "9999-01-01T00:00:00"],
    ),
    "whole microseconds in durations of pandas": ([pd.Timedelta(1, "us"), None], [dt.timedelta(microseconds=1), None]),
}


@pytest.mark.parametrize("name", EXACT)
def test_what_a_column_can_hold_is_exact_and_nothing_is_said(client: BaseSQL, name: str) -> None:
    values, kept = EXACT[name]
    assert exported(client, values) == kept
    assert told == []


def test_moments_with_a_zone_are_of_a_type_with_one(client: BaseSQL) -> None:
    exported(client, [NOON.replace(tzinfo=WARSAW), NOON.replace(tzinfo=dt.UTC)])
    assert column_type(client) == "timestamp with time zone"


@pytest.mark.parametrize("zone", [None, "Europe/Warsaw"])
def test_nanoseconds_are_kept_or_told(client: BaseSQL, zone: str | None) -> None:
    moments = [FINE.tz_localize(zone), None]
    back = exported(client, moments)
    if client.system.name == "duckdb":
        assert (back, told) == (moments, [])
        return
    assert back == [FINE.floor("us").tz_localize(zone), None]
    assert len(told) == 1
    assert "Column made (timestamp with" in told[0]
    assert "loses nanoseconds: 1 value is rounded; round the values first, or export the column as text" in told[0]


@pytest.mark.parametrize(
    "values", [pd.to_datetime([NOON, None]).as_unit("ns"), pd.to_timedelta([1, 2], "ms").as_unit("ns")]
)
def test_columns_of_nanoseconds_without_any_go_without_a_word(client: BaseSQL, values: Any) -> None:
    client.export(pd.DataFrame({"made": values}), None, "moments")
    assert told == []


@pytest.mark.parametrize("objects", [False, True])
def test_nanoseconds_of_durations_are_told(client: BaseSQL, objects: bool) -> None:  # noqa: FBT001 - a table of tests
    spans = pd.Series(pd.to_timedelta([1, 1000], "ns"), dtype=object if objects else None)
    client.export(pd.DataFrame({"made": spans}), None, "moments")
    assert len(told) == 1
    assert f"Column made (interval on {name_of(client)}) loses nanoseconds: 1 value is rounded" in told[0]


def test_nanoseconds_within_lists_are_kept_or_told(client: BaseSQL) -> None:
    kind = pa.list_(pa.timestamp("ns"))
    client.export(pa.table({"made": pa.array([[FINE], None, [FINE.floor("us")]], kind)}), None, "moments")
    if client.system.name == "duckdb":
        assert (stored(client)[0], told) == ([FINE], [])
    else:
        assert [" loses nanoseconds: 1 value is rounded" in sentence for sentence in told] == [True]


def name_of(client: BaseSQL) -> str:
    return {"duckdb": "DuckDB", "postgres": "PostgreSQL"}[client.system.name]


def test_lists_keep_what_their_moments_have(client: BaseSQL) -> None:
    lists = [[NOON, FINE], [NOON.date(), NOON], [NOON, NOON.replace(tzinfo=WARSAW)]]
    frame = pd.DataFrame({f"c{at}": pd.Series([value], dtype=object) for at, value in enumerate(lists)})
    client.export(frame, None, "moments")
    back = client.load("SELECT * FROM moments", verbose=False).iloc[0].tolist()
    assert back == [[moment.isoformat() for moment in values] for values in lists]
    assert told == []


@pytest.mark.parametrize("labels", [[NOON.date(), NOON], [NOON, NOON.replace(tzinfo=WARSAW)]])
def test_categories_of_several_kinds_are_text(client: BaseSQL, labels: list[Any]) -> None:
    client.export(
        pd.DataFrame({"made": pd.Categorical(labels, categories=pd.Index(labels, dtype=object))}), None, "moments"
    )
    assert stored(client) == [label.isoformat() for label in labels]


def test_the_rows_of_dicts_are_as_exact_as_frames(client: BaseSQL) -> None:
    client.export([{"made": NOON.date()}, {"made": NOON}], None, "moments")
    assert stored(client) == ["2024-01-01", "2024-01-01T12:00:00"]


APPENDED: dict[str, tuple[str, Callable[[], Any], str]] = {
    "a time of day into dates": ("DATE", lambda: NOON, "the time of day: 1 value is cut"),
    "nanoseconds into microseconds": ("TIMESTAMP", lambda: FINE, "nanoseconds: 1 value is rounded"),
}


@pytest.mark.parametrize("name", APPENDED)
def test_what_the_columns_of_an_older_table_cut_is_told(client: BaseSQL, name: str) -> None:
    kind, value, loss = APPENDED[name]
    client.system.run(f"CREATE TABLE moments (made {kind})")
    client.system.commit()
    midnight = pd.Timestamp("2024-01-02")
    exported(client, [midnight], if_exists="append")
    assert told == []
    exported(client, [midnight, value(), None], if_exists="append")
    assert [loss in sentence for sentence in told] == [True]


def test_instants_in_a_column_without_zones_are_told(postgres_server: Any, postgres_database: str) -> None:
    told.clear()
    with Postgres(postgres_database, postgres_server.user, "x", postgres_server.host, postgres_server.port) as client:
        client.system.hear(told.append)
        client.system.run("CREATE TABLE moments (made timestamp)")
        assert exported(client, [NOON.replace(tzinfo=WARSAW)], if_exists="append") == [UTC_NOON.replace(tzinfo=None)]
    assert len(told) == 1
    assert "Column made (timestamp without time zone on PostgreSQL) loses the time zone" in told[0]
