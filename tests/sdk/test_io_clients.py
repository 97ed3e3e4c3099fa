"""The clients as block code uses them, by the import names of Mage, on DuckDB and a real PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
import yaml

from penstock.connect.duckdb.opening import connect
from penstock.model.errors import (
    ConnectionFailedError,
    DriverMissingError,
    PenstockError,
    ProfileInvalidError,
    QueryFailedError,
    UnsupportedError,
)
from penstock.sdk.io.base import ExportWritePolicy
from penstock.sdk.io.config import AWSSecretLoader, ConfigFileLoader, ConfigKey, EnvironmentVariableLoader
from penstock.sdk.io.duckdb import DuckDB
from penstock.sdk.io.export_utils import clean_df_for_export, gen_table_creation_query, infer_dtypes
from penstock.sdk.io.legacy import IOConfig
from penstock.sdk.io.postgres import Postgres
from penstock.sdk.io.sql import BaseSQL
from penstock.sdk.io.unbuilt import SYSTEMS, client

Keys = Callable[..., dict[str, object]]


@pytest.fixture(params=["duckdb", "postgres"])
def loader(request: pytest.FixtureRequest, tmp_path: Path) -> ConfigFileLoader:
    if request.param == "duckdb":
        keys: dict[str, object] = {"DUCKDB_DATABASE": "x.duckdb", "DUCKDB_SCHEMA": "main"}
    else:
        keys = request.getfixturevalue("postgres_profile")()
    file = tmp_path / "io_config.yaml"
    file.write_text(yaml.safe_dump({"default": keys}), encoding="utf-8")
    return ConfigFileLoader(file)


def make(loader: ConfigFileLoader) -> BaseSQL:
    kind: type[BaseSQL] = DuckDB if "DUCKDB_DATABASE" in loader else Postgres
    return kind.with_config(loader, verbose=False)


@pytest.fixture
def database(loader: ConfigFileLoader) -> Iterator[BaseSQL]:
    with make(loader) as opened:
        yield opened


def test_an_export_is_there_for_the_next_connection(loader: ConfigFileLoader) -> None:
    frame = pd.DataFrame({"id": [1, 2], "town": ["a", None]})
    with make(loader) as database:
        database.export(frame, "extra", "things", if_exists="replace", index=False)
    with make(loader) as database:
        assert database.load("SELECT * FROM extra.things ORDER BY id;").fillna("-").values.tolist() == [
            [1, "a"],
            [2, "-"],
        ]
        assert database.table_exists("extra", "things")
        assert not database.table_exists("extra", "nothing")
        assert database.sample("extra", "things", 1).shape == (1, 2)


def test_an_index_becomes_columns(database: BaseSQL) -> None:
    database.export(pd.DataFrame({"x": [1]}, index=[7]), None, "one", index=True, allow_reserved_words=True)
    assert database.load("SELECT * FROM one").to_dict("list") == {"index": [7], "x": [1]}
    labels = pd.MultiIndex.from_tuples([(1, "a")], names=["town", None])
    database.export(pd.DataFrame({"x": [1]}, index=labels), None, "two", index=True)
    assert database.load("SELECT * FROM two").to_dict("list") == {"town": [1], "level_1": ["a"], "x": [1]}


def test_names_are_cleaned_as_asked_and_told(database: BaseSQL, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"Amt": [1.5], "name": ["x"], "Sp ace": [1]})

    def names(**options: Any) -> list[str]:
        database.export(frame, None, "t", drop_table_on_replace=True, **options)
        return list(database.load("SELECT * FROM t").columns)

    assert names() == ["amt", "_name", "sp_ace"]
    assert "name -> _name, Sp ace -> sp_ace" in capsys.readouterr().out
    assert names(allow_reserved_words=True) == ["amt", "name", "sp_ace"]
    assert names(case_sensitive=True) == ["Amt", "_name", "Sp_ace"]
    assert names(auto_clean_name=False) == ["Amt", "name", "Sp ace"]


def test_policies_in_every_spelling(database: BaseSQL) -> None:
    frame = pd.DataFrame({"x": [1]})
    for policy in ("replace", ExportWritePolicy.APPEND, "APPEND"):
        database.export(frame, None, "t", if_exists=policy)
    assert len(database.load("SELECT * FROM t")) == 3
    with pytest.raises(QueryFailedError, match="policy is fail"):
        database.export(frame, None, "t", if_exists="fail")
    with pytest.raises(QueryFailedError, match="if_exists is 'merge'"):
        database.export(frame, None, "t", if_exists="merge")
    with pytest.raises(QueryFailedError, match="table_name is missing"):
        database.export(frame)


def test_unique_rows_and_types(database: BaseSQL) -> None:
    plan = {
        "unique_constraints": ["ID"],
        "unique_conflict_method": "UPDATE",
        "overwrite_types": {"Price": "NUMERIC(10,2)"},
    }
    database.export(pd.DataFrame({"ID": [1, 2], "Price": [1.5, 2]}), None, "t", **plan)
    database.export(pl.DataFrame({"ID": [2, 3], "Price": [2.5, 3]}), None, "t", if_exists="append", **plan)
    back = database.load("SELECT * FROM t ORDER BY id", coerce_float=False)
    assert [[row[0], str(row[1])] for row in back.values.tolist()] == [[1, "1.50"], [2, "2.50"], [3, "3.00"]]
    with pytest.raises(QueryFailedError, match="unique_conflict_method is 'merge'"):
        database.export(pd.DataFrame({"ID": [1]}), None, "t", unique_conflict_method="merge")


def test_a_query_can_be_exported(database: BaseSQL) -> None:
    for _ in range(2):
        database.export(None, None, "t", query_string="SELECT 1 AS a, 'x' AS b;", if_exists="replace")
    assert database.load("SELECT * FROM t").values.tolist() == [[1, "x"]]


def test_load_gives_what_pandas_gives(database: BaseSQL, capsys: pytest.CaptureFixture[str]) -> None:
    query = "SELECT CAST(1 AS SMALLINT) AS i, CAST(1.10 AS NUMERIC(10,2)) AS n, CAST('2024-01-01' AS DATE) AS d, CAST(NULL AS BOOLEAN) AS b"
    frame = database.load(query, parse_dates=["d"], dtype={"b": object})
    assert [str(kind) for kind in frame.dtypes[:2]] == ["int64", "float64"]
    assert frame["d"].dtype.kind == "M"
    assert database.load(query, index_col="i").index.tolist() == [1]
    assert len(database.load("SELECT * FROM (VALUES (1), (2), (3)) AS t(x)", limit=2)) == 2
    with pytest.raises(QueryFailedError, match="unknown options colour"):
        database.load(query, colour=1)
    with pytest.raises(QueryFailedError, match="holds 2 statements"):
        database.load("SELECT 1; SELECT 2")
    with pytest.raises(QueryFailedError, match="no statement"):
        database.load("-- nothing")
    assert capsys.readouterr().out == ""


def test_statements_and_raw_rows(database: BaseSQL) -> None:
    assert database.execute("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)") is None
    database.commit()
    assert sorted(database.execute_query_raw("SELECT a FROM t")) == [(1,), (2,)]
    frames = database.execute_queries(
        ["DELETE FROM t WHERE a = 1", "SELECT * FROM t"], commit=True, fetch_query_at_indexes=[False, True]
    )
    assert frames[0] is None
    assert frames[1].values.tolist() == [[2]]
    assert database.fetch_query(None, "SELECT a FROM t").values.tolist() == [[2]]


def test_a_failed_export_changes_nothing(database: BaseSQL) -> None:
    database.export(pd.DataFrame({"x": [1]}), None, "t")
    with pytest.raises(QueryFailedError):
        database.export(pd.DataFrame({"x": ["text"]}), None, "t", if_exists="append")
    assert database.load("SELECT * FROM t").values.tolist() == [[1]]


def test_what_is_no_frame_is_refused(database: BaseSQL) -> None:
    with pytest.raises(PenstockError, match="it is not tabular"):
        database.export(5, None, "t")


def test_postgres_takes_placeholders_and_rolls_back(postgres_profile: Keys) -> None:
    with Postgres.with_config(ConfigFileLoader(config=postgres_profile()), verbose=False) as database:
        database.execute("CREATE TABLE t (a INT)")
        database.commit()
        database.execute("INSERT INTO t VALUES (%(a)s)", a=5)
        database.rollback()
        database.execute("INSERT INTO t VALUES (%(a)s)", a="6")
        assert database.load("SELECT a FROM t WHERE a > %s", params=[1]).values.tolist() == [[6]]
        assert database.load("SELECT '100%' AS p, 5 % 3 AS m").values.tolist() == [["100%", 2]]
        assert database.default_database().startswith("test_")
        with database.conn.cursor() as cursor:
            assert cursor.execute("SELECT 1").fetchall() == [(1,)]


def test_postgres_types_that_arrow_does_not_have(postgres_profile: Keys) -> None:
    query = """
    SELECT 'infinity'::date AS inf, '0044-03-15 BC'::timestamp AS bc, 'NaN'::numeric AS nan, 1e50::numeric AS big,
           '1 mon'::interval AS mon, '1 day 2 hours'::interval AS day, '10.0.0.1'::inet AS ip, int4range(1, 5) AS r,
           '{{1,2},{3,4}}'::int[] AS matrix, ARRAY['a', NULL, 'NULL'] AS texts, '10:00+02'::time with time zone AS tz,
           1.23::numeric AS plain, avg(x) AS mean, '(1,2)'::point AS p, ''::text AS empty, NULL::text AS nothing
    FROM generate_series(1, 2) AS t(x)
    """
    with Postgres.with_config(ConfigFileLoader(config=postgres_profile()), verbose=False) as database:
        row = database.load(query).iloc[0]
    assert (row["inf"], row["bc"], row["big"]) == ("infinity", "0044-03-15 00:00:00 BC", 1e50)
    assert row["nan"] != row["nan"]
    assert row["day"] == pd.Timedelta("1 day 2 hours")
    assert (row["matrix"], row["texts"], row["plain"], row["mean"]) == (
        [[1, 2], [3, 4]],
        ["a", None, "NULL"],
        1.23,
        1.5,
    )
    assert row["empty"] == ""
    assert pd.isna(row["nothing"])


def test_postgres_settings_that_are_missing_or_wrong() -> None:
    with pytest.raises(ProfileInvalidError, match="with profile default: POSTGRES_HOST is missing or empty"):
        Postgres.with_config(ConfigFileLoader(config={"POSTGRES_DBNAME": "d", "POSTGRES_USER": "u"}))
    with pytest.raises(ProfileInvalidError, match="POSTGRES_PORT"):
        Postgres("d", "u", "p", "h", port="many")
    with pytest.raises(ConnectionFailedError, match=r"at 127\.0\.0\.1:1/d as u"):
        Postgres("d", "u", "hunter2", "127.0.0.1", port=1).open()
    tunnel = Postgres("d", "u", "hunter2", "h", connection_method="ssh_tunnel", ssh_host="s", ssh_password="hunter2")
    assert "hunter2" not in f"{tunnel.settings!r}{tunnel.system!r}"


def test_a_connection_that_the_server_ends_is_an_error_that_says_so(postgres_profile: Keys) -> None:
    loader = ConfigFileLoader(config=postgres_profile())
    with Postgres.with_config(loader, verbose=False) as one, Postgres.with_config(loader, verbose=False) as two:
        one.export(pd.DataFrame({"x": [1]}), None, "t")
        pid = one.load("SELECT pg_backend_pid() AS p")["p"][0]
        two.execute(f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(ConnectionFailedError, match="the connection was lost"):
            one.export(pd.DataFrame({"x": [2]}), None, "t")
        assert two.load("SELECT x FROM t").values.tolist() == [[1]]
        assert one.load("SELECT x FROM t").values.tolist() == [[1]]


def test_a_duckdb_file_that_another_process_holds_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "held.duckdb"
    code = f"import duckdb, sys; c = duckdb.connect({str(file)!r}); print('open', flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdin
    assert holder.stdout
    try:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(
            ConnectionFailedError, match=rf"another process \(pid {holder.pid}\) has had it open for more than 0 s"
        ):
            connect(str(file), wait=0)
        told: list[str] = []
        waiting = threading.Event()
        release = holder.stdin.close

        def tell(message: str) -> None:
            told.append(message)
            waiting.set()
            release()

        connect(str(file), wait=30, tell=tell).close()
        assert waiting.is_set()
        assert told[0].endswith("waiting up to 30 s for it.")
    finally:
        holder.kill()
        holder.wait()


def test_duckdb_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with DuckDB("here.duckdb", verbose=False) as database:
        database.export(pd.DataFrame({"x": [1]}), None, "t")
        assert (database.default_database(), database.default_schema()) == ("here", "main")
    assert Path("here.duckdb").exists()
    with DuckDB(verbose=False) as memory:
        assert memory.load("SELECT 1 AS x").values.tolist() == [[1]]
    with pytest.raises(ConnectionFailedError, match=r"opening the DuckDB database /nope/x\.duckdb"):
        DuckDB("/nope/x.duckdb").open()
    Path("text.duckdb").write_text("not a database" * 1000, encoding="utf-8")
    with pytest.raises(ConnectionFailedError):
        DuckDB("text.duckdb").open()


def test_loaders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("io_config.yaml").write_text(
        "version: 0.1.1\ndefault: {X: 1}\nprod: {PostgreSQL: {database: d}}\n", encoding="utf-8"
    )
    default, prod = ConfigFileLoader(), ConfigFileLoader(Path("io_config.yaml"), "prod")
    assert (default["X"], default.get("Y"), default["Y"], "X" in default, default.contains("Y")) == (
        1,
        None,
        None,
        True,
        False,
    )
    assert (prod.get(ConfigKey.POSTGRES_DBNAME), prod.use_verbose_format, default.use_verbose_format) == (
        "d",
        True,
        False,
    )
    assert ConfigFileLoader(config={"A": "{{ 1 }}"})["A"] == "{{ 1 }}"
    assert (default.version, prod.version, "version" in default) == ("0.1.1", "0.1.1", False)
    Path("other.yaml").write_text("default: {X: 1}\nlater: {X: 2}\nversion: \"{{ env_var('V', 'v2') }}\"\n")
    assert ConfigFileLoader("other.yaml", "later").version == "v2"
    Path("none.yaml").write_text("default: {X: 1}\n")
    assert (ConfigFileLoader("none.yaml").version, ConfigFileLoader(config={"version": "3"}).version) == (None, "3")
    assert IOConfig("io_config.yaml").use("default")["X"] == 1
    monkeypatch.setenv("POSTGRES_HOST", "h")
    environment = EnvironmentVariableLoader()
    assert (environment["POSTGRES_HOST"], ConfigKey.POSTGRES_HOST in environment, environment.get("NOPE_X")) == (
        "h",
        True,
        None,
    )
    with pytest.raises(DriverMissingError, match="boto3"):
        AWSSecretLoader().get("x")


@pytest.mark.parametrize("name", SYSTEMS)
def test_clients_that_are_not_there_yet_resolve_and_say_so_when_used(name: str) -> None:
    kind = client(name)
    made = kind.with_config(ConfigFileLoader(config={"PASSWORD": "hunter2"}))
    assert "hunter2" not in repr(made)
    for use in (made.load, made.export, lambda: made.conn):
        with pytest.raises(UnsupportedError, match="no client for") as caught:
            use()
        assert SYSTEMS[name].name in caught.value.message
        assert SYSTEMS[name].command in caught.value.hint
    if hasattr(made, "__enter__"):
        with pytest.raises(UnsupportedError):
            made.__enter__()


def test_looking_at_a_frame() -> None:
    frame = pd.DataFrame({"a b": [1], "s": ["x"]})
    assert infer_dtypes(frame) == {"a b": "integer", "s": "string"}
    assert clean_df_for_export(
        frame, lambda column, kind: column.astype(str) + kind, infer_dtypes(frame)
    ).values.tolist() == [["1integer", "xstring"]]
    assert (
        gen_table_creation_query({"a b": "INT", "s": "TEXT"}, "m", "t", unique_constraints=["s"])
        == 'CREATE TABLE "m"."t" ("a_b" INT, "s" TEXT, UNIQUE ("s"));'
    )
