# ruff: noqa: DTZ001 - moments without a zone are one of the kinds that columns hold
"""One table of what every SQL system does, run over each: policies of writing, exact values, names, transactions."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from penstock.connect.duckdb.system import DuckDBSystem
from penstock.connect.postgres.opening import Settings
from penstock.connect.postgres.system import PostgresSystem
from penstock.connect.sql.frames import arrow_of, pandas_of
from penstock.connect.sql.names import Target, quoted
from penstock.connect.sql.system import SqlSystem
from penstock.connect.sql.write import IfExists, OnConflict, WritePlan, write_query, write_table
from penstock.model.errors import QueryFailedError

Opener = Callable[[], SqlSystem]

T = Target("things")
KEEP = WritePlan(keep=True)
APPEND, FAIL, REPLACE = (WritePlan(if_exists=policy) for policy in (IfExists.APPEND, IfExists.FAIL, IfExists.REPLACE))


@pytest.fixture(params=["duckdb", "postgres"])
def opener(request: pytest.FixtureRequest, tmp_path: Any) -> Opener:
    if request.param == "duckdb":
        return lambda: DuckDBSystem(str(tmp_path / "contract.duckdb"), wait=5, tell=told.append)
    server = request.getfixturevalue("postgres_server")
    database = request.getfixturevalue("postgres_database")
    settings = Settings(database, server.user, "not-a-secret", server.host, server.port)
    return lambda: PostgresSystem(settings, told.append)


told: list[str] = []


@pytest.fixture
def system(opener: Opener) -> Iterator[SqlSystem]:
    told.clear()
    with opener() as opened:
        yield opened


def rows(system: SqlSystem, target: Target = T, order: str = "1") -> list[tuple[Any, ...]]:
    table = system.query(f"SELECT * FROM {target.sql} ORDER BY {order}").table
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def frame(**columns: Any) -> pa.Table:
    return arrow_of(pd.DataFrame(columns))


VALUES: dict[str, list[Any]] = {
    "floats": [47.920979, 1e-9, 1e300],
    "thirds": [1 / 3, -0.1, None],
    "infinite": [math.inf, -math.inf, 5.0],
    "whole": [2**62, -(2**63), 7],
    "holes": [1, None, 3],
    "flags": [True, False, True],
    "flags with holes": [True, None, False],
    "text": ["", None, 'it\'s "quoted", back\\slash\nnew line\ttab'],
    "unicode": ["żółw", "日本語", "🐢 e\u0301"],
    "backslash dot": ["\\.", "\\N", "NULL"],
    "days": [dt.date(1, 1, 1), dt.date(2024, 2, 29), dt.date(9999, 12, 31)],
    "moments": [dt.datetime(1700, 1, 1), dt.datetime(2024, 2, 29, 23, 59, 59, 999999), None],
    "clock": [dt.time(0, 0), dt.time(23, 59, 59, 999999), None],
    "money": [decimal.Decimal("1234567890123456.78"), decimal.Decimal("-0.01"), None],
    "bytes": [b"\x00\xff", b"", None],
    "lists": [[1, 2], [], None],
    "texts": [["a,b", 'c"d', "e\\f"], [None, "NULL", ""], None],
    "empty": [None, None, None],
}


@pytest.mark.parametrize("name", VALUES)
def test_values_come_back_exactly(system: SqlSystem, name: str) -> None:
    values = VALUES[name]
    table = arrow_of(pd.DataFrame({name: pd.Series(values, dtype=object)}))
    write_table(system, table, T, REPLACE)
    assert [row[0] for row in rows(system, order="(SELECT 1)")] == values


def test_moments_with_a_zone_come_back_as_the_same_instants(system: SqlSystem) -> None:
    moments = pd.to_datetime(
        ["2024-03-31T02:30:00+01:00", "1999-12-31T23:59:59.000001+00:00", None], format="ISO8601", utc=True
    )
    write_table(system, frame(at=moments.tz_convert("Europe/Warsaw")), T, REPLACE)
    back = pandas_of(system.query("SELECT * FROM things").table)["at"]
    assert str(back.dtype) == "datetime64[us, UTC]"
    assert [None if pd.isna(v) else v for v in back] == [None if pd.isna(v) else v for v in moments]


def test_nested_values_come_back_as_python_values(system: SqlSystem) -> None:
    values = [{"a": 1, "b": ["x", None]}, {"c": {"d": 1.5}}, None]
    write_table(system, frame(nested=values, listed=[[{"k": 1}], [], None]), T, REPLACE)
    back = pandas_of(system.query("SELECT * FROM things").table)
    assert back["nested"].tolist() == values
    assert back["listed"].tolist() == [[{"k": 1}], [], None]


def test_identifiers_are_kept_as_uuid(system: SqlSystem) -> None:
    one = uuid.UUID(int=5)
    write_table(system, frame(u=[one, None]), T, REPLACE)
    assert "uuid" in (system.columns(T) or {})["u"].lower()
    assert rows(system) == [(str(one),), (None,)]


def test_decimals_without_end_are_text(system: SqlSystem) -> None:
    write_table(system, frame(d=[decimal.Decimal("1.5"), decimal.Decimal("Infinity"), None]), T, REPLACE)
    assert rows(system) == [("1.5",), ("Infinity",), (None,)]


def test_narrow_types_of_numpy_and_pandas(system: SqlSystem) -> None:
    table = frame(
        small=np.array([1, 2], dtype="int8"),
        unsigned=np.array([0, 2**64 - 1], dtype="uint64"),
        single=np.array([0.1, 2.5], dtype="float32"),
        maybe=pd.array([1, None], dtype="Int32"),
        kind=pd.Categorical(["a", "b"]),
    )
    write_table(system, table, T, REPLACE)
    assert rows(system) == [
        (1, 0, pytest.approx(0.1), 1, "a"),
        (2, 2**64 - 1, 2.5, None, "b"),
    ]


def test_a_polars_frame_and_rows_of_dicts(system: SqlSystem) -> None:
    write_table(system, arrow_of(pl.DataFrame({"x": [1, 2], "s": ["a", None]})), T, REPLACE)
    write_table(system, arrow_of([{"x": 3, "s": "c"}, {"x": 4}]), T, APPEND)
    assert rows(system) == [(1, "a"), (2, None), (3, "c"), (4, None)]


@pytest.mark.parametrize("oldest", [False, True])
def test_categories_of_polars_are_their_texts(system: SqlSystem, *, oldest: bool) -> None:
    texts, some = ["a", None, "b", "a"], pl.Series(["x", "y", None, "y"], dtype=pl.Enum(["x", "y"]))
    made = pl.DataFrame({"at": range(4), "kind": pl.Series(texts, dtype=pl.Categorical), "some": some})
    level = pl.CompatLevel.oldest() if oldest else pl.CompatLevel.newest()
    write_table(system, made.to_arrow(compat_level=level), T, REPLACE)
    assert rows(system) == [(0, "a", "x"), (1, None, "y"), (2, "b", None), (3, "a", "y")]
    write_table(system, made.clear().to_arrow(compat_level=level), T, REPLACE)
    assert rows(system) == []


def test_no_rows_make_a_table_with_its_columns(system: SqlSystem) -> None:
    write_table(system, frame(a=pd.Series([], dtype="int64"), b=pd.Series([], dtype="float64")), T, REPLACE)
    assert list(system.columns(T) or {}) == ["a", "b"]
    answer = system.query("SELECT * FROM things")
    assert (answer.table.num_rows, answer.table.column_names) == (0, ["a", "b"])


def test_no_columns_are_refused(system: SqlSystem) -> None:
    with pytest.raises(QueryFailedError, match="no columns"):
        write_table(system, arrow_of(pd.DataFrame(index=[1, 2])), T, REPLACE)


NAMES = [
    "order",
    "select",
    "Mixed Case",
    "żółw",
    'quo"te',
    "semi;colon",
    "'; DROP TABLE things; --",
    "per%cent %s",
    "{brace}",
    "dot.ted",
    "$dollar$",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_name_and_never_a_statement(system: SqlSystem, name: str) -> None:
    write_table(system, frame(a=[1]), T, REPLACE)
    target = Target(name, f"schema {name}")
    for plan in (REPLACE, REPLACE, APPEND, WritePlan(if_exists=IfExists.REPLACE, drop=True)):
        write_table(system, arrow_of({name: [1, 2], f"other {name}": ["x", "y"]}), target, plan)
    assert list(system.columns(target) or {}) == [name, f"other {name}"]
    assert rows(system, target) == [(1, "x"), (2, "y")]
    key = WritePlan(if_exists=IfExists.APPEND, unique=[name], on_conflict=OnConflict.UPDATE)
    write_table(system, arrow_of({name: [2, 3], f"other {name}": ["Y", "z"]}), target, key)
    assert rows(system, target) == [(1, "x"), (2, "Y"), (3, "z")]
    assert rows(system) == [(1,)]


@pytest.mark.parametrize("name", ["", "nul\x00"])
def test_a_name_that_no_database_can_hold_is_refused(system: SqlSystem, name: str) -> None:
    with pytest.raises(QueryFailedError):
        write_table(system, frame(a=[1]).rename_columns([name]), T, REPLACE)
    assert system.columns(T) is None


@pytest.mark.parametrize("kind", ["int); DROP TABLE things; --", "int, x int", "text DEFAULT 'x'", ""])
def test_a_type_that_is_not_the_name_of_one_is_refused(system: SqlSystem, kind: str) -> None:
    with pytest.raises(QueryFailedError, match="not the name of a type"):
        write_table(system, frame(a=[1]), T, WritePlan(types={"a": kind}))
    assert system.columns(T) is None


def test_append_adds_rows_by_the_names_of_their_columns(system: SqlSystem) -> None:
    write_table(system, frame(a=[1], b=["x"]), T, APPEND)
    write_table(system, frame(b=["y"], a=[2]), T, APPEND)
    write_table(system, frame(A=[3]), T, APPEND)
    assert rows(system) == [(1, "x"), (2, "y"), (3, None)]


def test_append_finds_a_column_that_cleaning_renamed(system: SqlSystem) -> None:
    write_table(system, frame(_name=["a"]), T, REPLACE)
    write_table(system, frame(name=["b"]), T, APPEND)
    assert rows(system) == [("a",), ("b",)]


def test_append_of_an_unknown_column_changes_nothing(system: SqlSystem) -> None:
    write_table(system, frame(a=[1]), T, REPLACE)
    with pytest.raises(QueryFailedError, match="column c is not in the table, which has a"):
        write_table(system, frame(a=[2], c=[1]), T, APPEND)
    assert rows(system) == [(1,)]


def test_append_never_rounds(system: SqlSystem) -> None:
    write_table(system, frame(a=[1]), T, REPLACE)
    with pytest.raises(QueryFailedError):
        write_table(system, frame(a=[1.5]), T, APPEND)
    assert rows(system) == [(1,)]


def test_fail_leaves_the_table(system: SqlSystem) -> None:
    write_table(system, frame(a=[1]), T, FAIL)
    with pytest.raises(QueryFailedError, match="exists and the write policy is fail"):
        write_table(system, frame(a=[2]), T, FAIL)
    assert rows(system) == [(1,)]


def test_replace_keeps_a_table_whose_columns_agree(system: SqlSystem) -> None:
    write_table(system, frame(a=[1, 2]), T, REPLACE)
    system.run("CREATE VIEW seen AS SELECT a FROM things")
    system.commit()
    write_table(system, frame(a=[3]), T, REPLACE)
    assert rows(system, Target("seen")) == [(3,)]


@pytest.mark.parametrize("wider", [{"a": [1.5]}, {"a": [1], "b": [2]}, {"a": ["text"]}])
def test_replace_makes_a_new_table_when_the_old_one_cannot_hold_the_rows(system: SqlSystem, wider: Any) -> None:
    write_table(system, frame(a=[1, 2]), T, REPLACE)
    write_table(system, frame(**wider), T, REPLACE)
    assert rows(system) == list(zip(*wider.values(), strict=True))


def test_a_table_that_is_kept_takes_new_rows_and_loses_nothing_else(system: SqlSystem) -> None:
    system.run(
        "CREATE TABLE things (id SMALLINT PRIMARY KEY, order_name VARCHAR(20) NOT NULL, loaded TIMESTAMP DEFAULT now())"
    )
    system.run("INSERT INTO things (id, order_name) VALUES (9, 'old')")
    system.run("CREATE VIEW seen AS SELECT id, order_name, loaded IS NOT NULL FROM things")
    system.commit()
    write_table(system, pa.table({"id": [1, 2], "Order Name": ["a", "b"]}), T, KEEP)
    assert rows(system, Target("seen")) == [(1, "a", True), (2, "b", True)]
    assert system.unique_keys(T) == [frozenset({"id"})]


@pytest.mark.parametrize(
    "columns",
    [
        {"id": [1, 1]},
        {"id": [None]},
        {"id": ["text"]},
        {"id": [70_000]},
        {"id": [1], "more": [2]},
    ],
)
def test_rows_that_do_not_go_into_a_table_that_is_kept_are_refused_in_words(
    system: SqlSystem, columns: dict[str, list[Any]]
) -> None:
    system.run("CREATE TABLE things (id SMALLINT PRIMARY KEY)")
    system.run("INSERT INTO things VALUES (9)")
    system.commit()
    with pytest.raises(QueryFailedError) as caught:
        write_table(system, pa.table(columns), T, KEEP)
    assert "drop_table_on_replace=True" in caught.value.hint
    assert rows(system) == [(9,)]
    write_table(system, pa.table(columns), T, WritePlan(keep=True, drop=True))
    assert rows(system) != [(9,)]


def test_drop_makes_a_new_table(system: SqlSystem) -> None:
    write_table(system, frame(a=[1], b=[2]), T, REPLACE)
    write_table(system, frame(b=[1], a=[2]), T, WritePlan(drop=True))
    assert list(system.columns(T) or {}) == ["b", "a"]


class InterruptedHereError(Exception):
    """Stands for whatever ends a process in the middle."""


@pytest.mark.parametrize("drop", [False, True])
def test_a_replacement_that_fails_halfway_leaves_the_old_table(system: SqlSystem, opener: Opener, drop: bool) -> None:  # noqa: FBT001 - a table of tests
    write_table(system, frame(a=[1, 2]), T, REPLACE)
    real = system.insert

    def insert(table: pa.Table, target: Target) -> None:
        real(table.slice(0, 1), target)
        raise InterruptedHereError

    system.insert = insert
    with pytest.raises(InterruptedHereError):
        write_table(system, frame(a=[9, 9]), T, WritePlan(drop=drop))
    assert rows(system) == [(1,), (2,)]
    system.close()
    with opener() as other:
        assert rows(other) == [(1,), (2,)]


def test_a_query_that_replaces_the_table_it_reads(system: SqlSystem) -> None:
    write_table(system, frame(a=[1, 2]), T, REPLACE)
    for _ in range(2):
        write_query(system, "SELECT a + 1 AS a FROM things", T, REPLACE)
    assert rows(system) == [(3,), (4,)]
    write_query(system, "SELECT a, 'x' AS b FROM things", T, REPLACE)
    assert rows(system) == [(3, "x"), (4, "x")]


def test_a_query_appends_by_the_names_of_its_columns(system: SqlSystem) -> None:
    write_table(system, frame(a=[1], b=["x"]), T, REPLACE)
    write_query(system, "SELECT 'y' AS b, 2 AS a", T, APPEND)
    write_query(system, 'SELECT 3 AS "A"', T, APPEND)
    assert rows(system) == [(1, "x"), (2, "y"), (3, None)]
    assert told == []


@pytest.mark.parametrize("query", ["SELECT 3 AS one, 'z' AS two", "SELECT 3 AS a, 'z' AS a"])
def test_a_query_that_names_no_column_of_the_table_appends_by_place_and_says_so(system: SqlSystem, query: str) -> None:
    write_table(system, frame(a=[1], b=["x"]), T, REPLACE)
    write_query(system, query, T, APPEND)
    assert rows(system) == [(1, "x"), (3, "z")]
    assert len(told) == 1
    assert "in their order" in told[0]


def test_a_query_that_names_some_columns_of_the_table_is_refused(system: SqlSystem) -> None:
    write_table(system, frame(a=[1], b=[2]), T, REPLACE)
    with pytest.raises(QueryFailedError, match=r"columns b2 are not in the table, which has a, b"):
        write_query(system, "SELECT 5 AS b2, 6 AS a", T, APPEND)
    assert rows(system) == [(1, 2)]


def test_a_query_that_fails_leaves_the_old_table(system: SqlSystem) -> None:
    write_table(system, frame(a=[1]), T, REPLACE)
    with pytest.raises(QueryFailedError):
        write_query(system, "SELECT CAST('x' AS INTEGER) AS a", T, REPLACE)
    with pytest.raises(QueryFailedError, match="policy is fail"):
        write_query(system, "SELECT 2 AS a", T, FAIL)
    assert rows(system) == [(1,)]


def test_tables_of_somebody_else_are_left_alone(system: SqlSystem) -> None:
    others = [Target("things__new"), Target("_penstock_stage")]
    for other in others:
        write_table(system, frame(mine=[7]), other, REPLACE)
    write_table(system, frame(id=[1]), T, unique(OnConflict.UPDATE, IfExists.REPLACE))
    for query in ("SELECT 1 AS id", "SELECT 1 AS id, 'x' AS b", "SELECT 1 AS id"):
        write_query(system, query, T, REPLACE)
    write_table(system, frame(id=[1, 2]), T, unique(OnConflict.UPDATE))
    assert [rows(system, other) for other in others] == [[(7,)], [(7,)]]
    left = system.query("SELECT table_name AS name FROM information_schema.tables WHERE table_name LIKE '%things%'")
    assert sorted(left.table["name"].to_pylist()) == ["things", "things__new"]
    by_name = WritePlan(if_exists=IfExists.APPEND, unique=["mine"], on_conflict=OnConflict.UPDATE)
    for other in others:
        write_table(system, frame(mine=[7, 8]), other, by_name)
        assert rows(system, other) == [(7,), (8,)]


def unique(method: OnConflict | None, policy: IfExists = IfExists.APPEND) -> WritePlan:
    return WritePlan(if_exists=policy, unique=["id"], on_conflict=method)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (OnConflict.IGNORE, [(1, "a"), (2, "b"), (3, "c")]),
        (OnConflict.UPDATE, [(1, "a"), (2, "B"), (3, "C")]),
    ],
)
def test_rows_whose_key_is_there(system: SqlSystem, method: OnConflict, expected: list[Any]) -> None:
    write_table(system, frame(id=[1, 2], v=["a", "b"]), T, unique(method, IfExists.REPLACE))
    write_table(system, frame(v=["B", "c", "C"], id=[2, 3, 3]), T, unique(method))
    assert rows(system) == expected


def test_keys_that_are_null_are_never_the_same(system: SqlSystem) -> None:
    write_table(system, frame(id=[1, None], v=["a", "b"]), T, unique(OnConflict.UPDATE))
    write_table(system, frame(id=[None, None], v=["c", "d"]), T, unique(OnConflict.UPDATE))
    assert sorted(row[1] for row in rows(system)) == ["a", "b", "c", "d"]


def test_a_key_of_several_columns_and_nothing_else(system: SqlSystem) -> None:
    plan = WritePlan(if_exists=IfExists.APPEND, unique=["a", "b"], on_conflict=OnConflict.UPDATE)
    write_table(system, frame(a=[1, 1], b=[1, 2]), T, plan)
    write_table(system, frame(a=[1, 2], b=[2, 2]), T, plan)
    assert rows(system, order="1, 2") == [(1, 1), (1, 2), (2, 2)]
    assert frozenset({"a", "b"}) in system.unique_keys(T)


def test_a_key_without_a_method_refuses_the_second_row_and_keeps_the_table(system: SqlSystem) -> None:
    write_table(system, frame(id=[1]), T, unique(None))
    with pytest.raises(QueryFailedError):
        write_table(system, frame(id=[2, 1]), T, unique(None))
    assert rows(system) == [(1,)]
    write_table(system, frame(id=[1]), T, unique(None, IfExists.REPLACE))
    assert rows(system) == [(1,)]


def test_a_key_that_is_no_column_is_refused(system: SqlSystem) -> None:
    with pytest.raises(QueryFailedError, match="unique constraint names nope"):
        write_table(system, frame(id=[1]), T, WritePlan(unique=["nope"]))


def test_types_can_be_chosen(system: SqlSystem) -> None:
    write_table(system, frame(a=[1.25], b=["2024-01-01"]), T, WritePlan(types={"a": "NUMERIC(10, 2)", "b": "DATE"}))
    assert rows(system) == [(decimal.Decimal("1.25"), dt.date(2024, 1, 1))]


def test_a_limit_cuts_and_says_so(system: SqlSystem) -> None:
    write_table(system, frame(a=list(range(10))), T, REPLACE)
    answer = (
        system.query("SELECT * FROM things ORDER BY a DESC; ", limit=3)
        if system.name == "postgres"
        else system.query("SELECT * FROM things ORDER BY a DESC", limit=3)
    )
    assert (answer.table["a"].to_pylist(), answer.cut) == ([9, 8, 7], True)
    assert not system.query("SELECT * FROM things", limit=10).cut


@pytest.mark.parametrize("drop", ["False", "True"])
def test_a_process_that_is_killed_while_it_replaces_leaves_the_old_table(
    system: SqlSystem, opener: Opener, drop: str
) -> None:
    write_table(system, frame(a=[1, 2]), T, REPLACE)
    system.close()
    made = (
        f"DuckDBSystem({system.database!r})"
        if isinstance(system, DuckDBSystem)
        else f"PostgresSystem({system.settings!r})"
    )
    code = f"""
import os, signal
import pyarrow as pa
from penstock.connect.duckdb.system import DuckDBSystem
from penstock.connect.postgres.opening import Settings as Known
from penstock.connect.postgres.system import PostgresSystem
from penstock.connect.sql.names import Target
from penstock.connect.sql.write import WritePlan, write_table
def Settings(**known):
    return Known(password="", **known)
system = {made}
real = system.insert
def insert(table, target):
    real(table, target)
    os.kill(os.getpid(), signal.SIGKILL)
system.insert = insert
write_table(system, pa.table({{"a": [9]}}), Target("things"), WritePlan(drop={drop}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with opener() as other:
        assert rows(other) == [(1,), (2,)]


def test_what_is_not_committed_is_not_kept(system: SqlSystem, opener: Opener) -> None:
    def work() -> None:
        with system.transaction():
            system.run("CREATE TABLE things (a INTEGER)")
            raise InterruptedHereError

    with pytest.raises(InterruptedHereError):
        work()
    assert system.columns(T) is None


def test_an_error_names_the_statement_and_the_connection_goes_on(system: SqlSystem) -> None:
    with pytest.raises(QueryFailedError, match=r"(?s)selec 1.*syntax error") as caught:
        system.run("selec 1")
    assert system.name in str(caught.value).lower().replace("postgresql", "postgres")
    system.rollback()
    assert system.query("SELECT 1 AS one").table["one"].to_pylist() == [1]


def test_two_columns_of_one_name_in_a_result(system: SqlSystem) -> None:
    back = pandas_of(system.query("SELECT 1 AS a, 2 AS b, 3 AS c").table)
    assert back.to_numpy().tolist() == [[1, 2, 3]]
    assert system.run(f"SELECT 1 AS {quoted('x')}, 2 AS {quoted('x')}") is not None


def test_two_columns_of_one_name_are_not_exported(system: SqlSystem) -> None:
    double = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(QueryFailedError, match="several columns are named a"):
        write_table(system, double, T, REPLACE)
