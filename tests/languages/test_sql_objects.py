# ruff: noqa: DTZ001 - moments without a zone are one of the kinds that columns hold
"""Columns of Python objects of a stored pandas frame in queries, on every system."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from penstock.connect.sql.frames import arrow_of
from penstock.data import Durability, ProductStore, fingerprint
from penstock.model.product import Address, Lineage
from tests.languages.jobs import run_block
from tests.languages.test_sql_database import cells, project_over
from tests.languages.upstreams import Held

Ask = Callable[[str, dict[str, list[Any]]], list[tuple[Any, ...]]]


def stored(folder: Path, columns: dict[str, list[Any]]) -> Held:
    """An upstream that returned a frame of such objects, as a query gets it from the store."""
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    store = ProductStore(folder / "data", worker=True, durability=Durability.PROCESS)
    with store.draft(Address("p", "up"), store.issue_fence("run", "up")) as draft:
        draft.add(frame)
        lineage = Lineage(run="run")
        ref = draft.publish(lineage, fingerprint=fingerprint(lineage)).ref
    return Held("up", store.table(ref))


@pytest.fixture(params=["embedded", "duckdb", "uploaded to duckdb", "postgres"])
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Ask:
    if request.param == "embedded":
        return lambda query, columns: cells(
            run_block(tmp_path, query, stored(tmp_path, columns), language="sql").outputs[0]
        )
    provider = request.param.split()[-1]
    keys: dict[str, object] = {"DUCKDB_DATABASE": "my.duckdb"}
    if provider == "postgres":
        keys = request.getfixturevalue("postgres_profile")()
    project = project_over(tmp_path, provider, keys)
    named = {"upstream_block_configuration": {"up": {"table_name": "chosen"}}}
    more = {"configuration": named} if request.param.startswith("uploaded") else {}
    return lambda query, columns: cells(project.run(query, stored(tmp_path, columns), raw=True, **more))


def test_decimals_are_numbers(ask: Ask) -> None:
    uneven = {"d": [Decimal("1.10"), None, Decimal(2)]}
    assert ask("SELECT sum(d) AS s, max(d) AS m, count(d) AS n FROM {{ df_1 }}", uneven) == [
        (Decimal("3.10"), Decimal(2), 2)
    ]
    wide = {"d": [Decimal("12345678901234567890123456789.01"), Decimal("0.000000001")]}
    assert ask("SELECT d FROM {{ df_1 }} WHERE d > 1.5 OR d < 1.5 ORDER BY d DESC", wide) == [(d,) for d in wide["d"]]


def test_numbers_moments_and_durations_are_such(ask: Ask) -> None:
    columns = {
        "n": [1, 2.5, None],
        "made": [dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=hours))) for hours in (1, 2, 3)],
        "took": [pd.Timedelta("1h"), pd.Timedelta("2h"), None],
    }
    query = (
        "SELECT sum(n) AS n, max(made) > TIMESTAMPTZ '2023-12-31 22:59:00+00' AS late, max(took) > INTERVAL '90 minutes' AS long "
        "FROM {{ df_1 }}"
    )
    assert ask(query, columns) == [(3.5, True, True)]
    dates = {"day": [dt.date(2024, 1, 1), None], "clock": [dt.time(12), None]}
    query = "SELECT day FROM {{ df_1 }} WHERE day < DATE '2024-02-01' AND clock < TIME '13:00'"
    assert ask(query, dates) == [(dt.date(2024, 1, 1),)]


def test_what_no_decimal_holds_stays_text(ask: Ask) -> None:
    values = [Decimal("1" * 40), Decimal("0.5")]
    assert ask("SELECT d FROM {{ df_1 }} WHERE length(d) > 1", {"d": values}) == [(str(value),) for value in values]


ALIKE: dict[str, list[Any]] = {
    "nanoseconds": [pd.Timestamp("2024-01-01 00:00:00.123456789"), None],
    "nanoseconds with a zone": [pd.Timestamp("2024-01-01 00:00:00.123456789+01:00"), None],
    "nanoseconds of durations": [pd.Timedelta(1, "ns"), dt.timedelta(1)],
    "too far for nanoseconds": [pd.Timestamp("2024-01-01 00:00:00.123456789"), dt.datetime(9999, 1, 1)],
    "zones": [dt.datetime(2024, 1, 1, tzinfo=ZoneInfo("Europe/Warsaw")), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)],
    "no zone, then one": [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)],
    "a zone, then none": [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 1)],
    "a date, then a moment": [dt.date(2024, 1, 1), dt.datetime(2024, 1, 2, 3)],
    "a moment, then a date": [dt.datetime(2024, 1, 2, 3), dt.date(2024, 1, 1)],
    "numpy": [np.datetime64("2024-01-01T00:00:00.123456789"), np.datetime64("NaT")],
    "clock times with an offset": [dt.time(1, tzinfo=dt.UTC), None],
    "clock times": [dt.time(1, 2, 3, 4), None],
}


@pytest.mark.parametrize("name", ALIKE)
def test_an_export_by_python_and_a_query_see_one_column_alike(tmp_path: Path, name: str) -> None:
    values = ALIKE[name]
    exported = arrow_of(pd.DataFrame({"c": pd.Series(values, dtype=object)}))["c"]
    queried = stored(tmp_path, {"c": values}).table()["c"]
    assert exported.to_pylist() == queried.to_pylist()
    assert str(exported.type) == str(queried.type).removeprefix("large_")


def test_a_query_in_memory_says_which_column_loses_nanoseconds(tmp_path: Path) -> None:
    logs: list[tuple[str, str]] = []
    spans = {"d": [pd.Timedelta(1, "ns")], "whole": [pd.Timedelta(1, "us")]}
    run_block(tmp_path, "SELECT * FROM {{ df_1 }}", stored(tmp_path, spans), language="sql", logs=logs)
    (warning,) = [text for level, text in logs if level == "warning"]
    assert warning.startswith(
        "Column d (interval on DuckDB) loses nanoseconds: 1 value is rounded; round the values first"
    )
