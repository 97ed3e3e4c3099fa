"""SQL blocks on the embedded DuckDB."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from penstock.connect.duckdb.opening import connect
from penstock.languages.registry import runner
from penstock.languages.sql import embedded
from penstock.model.errors import (
    PenstockError,
    QueryFailedError,
    SettingInvalidError,
    TemplateError,
    UnsupportedError,
    ValueRefusedError,
)
from penstock.model.messages import Limits
from tests.languages.jobs import make_job, run_block
from tests.languages.upstreams import Held


def sql(folder: Path, source: str, *upstream: Held, **options: Any) -> Any:
    outputs = run_block(folder, source, *upstream, language="sql", **options).outputs
    return outputs[0] if outputs else None


def cells(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def test_upstreams_are_tables_by_token_by_number_and_by_name(tmp_path: Path) -> None:
    people = Held("people", pa.table({"name": ["a", "b"], "town": [1, 2]}))
    towns = Held("towns", pd.DataFrame({"id": [1, 2], "town": ["x", "y"]}))
    expected = [("a", "x"), ("b", "y")]
    for one, two in (("{{ df_1 }}", "{{df_2}}"), ("df_1", "DF_2"), ("people", '"towns"')):
        table = sql(
            tmp_path, f"SELECT p.name, t.town FROM {one} AS p JOIN {two} t ON t.id = p.town ORDER BY 1", people, towns
        )
        assert cells(table) == expected


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_missing_duration_of_numpy_is_missing(tmp_path: Path, unit: str) -> None:
    values = np.array([3_600_000_000_000, "NaT"], "m8[ns]").astype(f"m8[{unit}]")
    under = pa.py_buffer(values.view("i8"))  # what numpy marks a missing one with lies below it
    column = pa.Array.from_buffers(pa.duration(unit), 2, [pa.py_buffer(b"\x01"), under], 1)
    table = sql(tmp_path, "SELECT d FROM {{ df_1 }}", Held("up", pa.table({"d": column})))
    assert cells(table) == [(dt.timedelta(hours=1),), (None,)]


def test_the_output_is_arrow_with_the_types_of_the_query(tmp_path: Path) -> None:
    table = sql(
        tmp_path,
        "SELECT 1 AS i, 1.5::DOUBLE AS d, 'x' AS s, true AS b, DATE '2024-01-01' AS day, TIMESTAMPTZ '2024-01-01 00:00:00+01' AS t",
    )
    assert isinstance(table, pa.Table)
    assert [str(kind) for kind in table.schema.types] == [
        "int32",
        "double",
        "string",
        "bool",
        "date32[day]",
        "timestamp[us, tz=UTC]",
    ]
    assert cells(table)[0][5] == dt.datetime(2023, 12, 31, 23, tzinfo=dt.UTC)


def test_floats_bools_and_names_are_what_they_were(tmp_path: Path) -> None:
    given = pd.DataFrame({"name": [47.920979], "order": [True], "a": [None], "Mixed Case": ["x"]})
    table = sql(tmp_path, "SELECT * FROM {{ df_1 }}", Held("up", given))
    assert table.column_names == ["name", "order", "a", "Mixed Case"]
    assert cells(table) == [(47.920979, True, None, "x")]


def test_a_sum_of_integers_is_an_integer(tmp_path: Path) -> None:
    held = Held("up", pa.table({"x": pa.array([2**40, 1], pa.int64())}))
    assert cells(sql(tmp_path, "SELECT sum(x) AS s FROM df_1", held)) == [(2**40 + 1,)]
    assert sql(tmp_path, "SELECT sum(x) AS s FROM df_1", held).schema.types == [pa.int64()]
    big = sql(tmp_path, "SELECT 170141183460469231731687303715884105727::HUGEINT // 10 AS s")
    assert cells(big) == [(decimal.Decimal(17014118346046923173168730371588410572),)]


def test_only_upstreams_that_the_query_names_are_read(tmp_path: Path) -> None:
    used, unused = Held("used", pa.table({"x": [1]})), Held("unused", object())
    sql(tmp_path, "SELECT * FROM used", used, unused)
    assert (used.read, unused.read) == (1, 0)


def test_the_same_table_is_read_once_for_all_its_names(tmp_path: Path) -> None:
    held = Held("up", pa.table({"x": [1]}))
    assert cells(sql(tmp_path, "SELECT a.x FROM up a JOIN df_1 b USING (x) JOIN {{ df_1 }} c USING (x)", held)) == [
        (1,)
    ]
    assert held.read == 1


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([{"k": 1, "m": "x"}, {"k": 2}], [(1, "x"), (2, None)]),
        ({"k": 1, "m": "x"}, [(1, "x")]),
        ({"k": [1, 2], "m": ["x", "y"]}, [(1, "x"), (2, "y")]),
        ({"k": 1, "m": {"deep": [1]}}, [(1, '{"deep": [1]}')]),
        (5, [(5,)]),
        ("text", [("text",)]),
        ([1, 2.5], [(1.0,), (2.5,)]),
        ([], []),
        (pd.Series([1, 2], name="s"), [(1,), (2,)]),
        (np.array([1, 2]), [(1,), (2,)]),
        (dt.date(2024, 1, 1), [(dt.date(2024, 1, 1),)]),
        (decimal.Decimal("1.10"), [(decimal.Decimal("1.10"),)]),
        (np.float32(1.5), [(1.5,)]),
        (pa.table({"h": pa.array([1.5, None], pa.float16())}), [(1.5,), (None,)]),
    ],
)
def test_values_that_are_no_frames_become_tables(tmp_path: Path, content: Any, expected: Any) -> None:
    assert cells(sql(tmp_path, "SELECT * FROM {{ df_1 }}", Held("up", content))) == expected


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (Held("up", None), "no output"),
        (Held("up", 1, type="sensor"), "a sensor has no output"),
        (Held("up", [pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})]), "2 outputs"),
        (Held("up", object()), "a object is not a table"),
        (Held("up", pd.NA), "a NAType is not a table"),
        (Held("up", pd.Period("2024-01")), "a Period is not a table"),
        (Held("up", np.array([1j])), "a ndarray is not a table"),
        (Held("up", "\ud800"), "a str is not a table"),
        (
            Held("up", pa.table({"d": pa.array([1], pa.decimal256(60, 2))})),
            r"DuckDB has no type .*d decimal256\(60, 2\)",
        ),
        (Held("up", pd.DataFrame(index=[1])), "no columns"),
        (Held("up", pa.table({"a": [1], "A": [2]})), "a and A have one name"),
        (Held("up", pa.Table.from_arrays([pa.array([1])] * 2, names=["a", "a"])), "a and a have one name"),
    ],
)
def test_what_cannot_be_a_table_is_refused_when_it_is_used(tmp_path: Path, held: Held, words: str) -> None:
    with pytest.raises(ValueRefusedError, match=words):
        sql(tmp_path, "SELECT * FROM {{ df_1 }}", held)
    assert cells(sql(tmp_path, "SELECT 1", held)) == [(1,)]


def test_statements_run_in_order_and_the_last_is_the_output(tmp_path: Path) -> None:
    source = """
    -- first; a comment
    CREATE TABLE t AS SELECT ';' AS s, $$a;b$$ AS d; /* and ; another */
    INSERT INTO t VALUES ('it''s; fine', 'x');
    SELECT * FROM t ORDER BY s; -- done;
    ;
    """
    assert cells(sql(tmp_path, source)) == [(";", "a;b"), ("it's; fine", "x")]


def test_a_table_that_the_last_statement_makes_is_the_output(tmp_path: Path) -> None:
    assert cells(sql(tmp_path, 'CREATE OR REPLACE TABLE "My T" AS SELECT 1 AS a')) == [(1,)]
    assert cells(sql(tmp_path, "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)")) == [(1,), (2,)]
    assert cells(sql(tmp_path, "CREATE TABLE t (a INT); INSERT INTO t VALUES (1) RETURNING a + 1")) == [(2,)]
    assert cells(sql(tmp_path, "CREATE TABLE t AS SELECT 1 AS a; UPDATE t SET a = 2")) == [(2,)]
    assert sql(tmp_path, "CREATE TABLE t (a INT); DROP TABLE t") is None


def test_a_block_without_a_statement_has_no_output_and_says_so(tmp_path: Path) -> None:
    logs: list[tuple[str, str]] = []
    assert sql(tmp_path, "-- nothing yet\n;;", logs=logs) is None
    assert logs == [("warning", "The block holds no SQL statement; it has no output.")]


def test_variables_and_functions_are_filled_in(tmp_path: Path) -> None:
    source = "SELECT '{{ town }}' AS t, {{ variables('n') }} AS n, '{{ env }}' AS e, {% if n > 2 %}1{% else %}0{% endif %} AS b"
    table = sql(tmp_path, source, variables={"town": "Łódź", "n": 3})
    assert cells(table) == [("Łódź", 3, "dev", 1)]


def test_dates_follow_the_execution_date_and_are_empty_without_one(tmp_path: Path) -> None:
    logs: list[tuple[str, str]] = []
    moment = dt.datetime(2024, 5, 6, 7, tzinfo=dt.UTC)
    source = "SELECT '{{ ds }}' AS d, '{{ hr }}' AS h"
    assert cells(sql(tmp_path, source, variables={"execution_date": moment})) == [("2024-05-06", "07")]
    assert cells(sql(tmp_path, source, variables={"ds": "x"}, logs=logs)) == [("x", "")]
    assert [text.split(" ")[0] for _, text in logs] == ["hr"]


@pytest.mark.parametrize(
    "source", ["SELECT {{ nope }}", "SELECT {{ variables('nope') }}", "SELECT * FROM {{ df_2 }}", "SELECT {{ 1 +"]
)
def test_unknown_names_and_bad_templates_are_errors(tmp_path: Path, source: str) -> None:
    with pytest.raises(TemplateError):
        sql(tmp_path, source, Held("up", 1))


def test_templates_are_sandboxed(tmp_path: Path) -> None:
    with pytest.raises(TemplateError):
        sql(tmp_path, "SELECT '{{ ''.__class__.__mro__ }}'")


def test_block_output_comes_before_the_template(tmp_path: Path) -> None:
    held = [Held("api", {"name": "x", "n": [1, 2]}), Held("other", 7)]
    source = (
        "SELECT '{{ block_output('api', parse=lambda data, _vars: data['name']) }}' AS a, "
        "{{ block_output(parse=lambda data, v: {'k': {'z': data[1] + v['plus']}}['k']['z']) }} AS b, "
        "'{{ block_output('api', parse=lambda d, v: '{{ env }}') }}' AS c, {{ block_output('other') }} AS d"
    )
    assert cells(sql(tmp_path, source, *held, variables={"plus": 3})) == [("x", 10, "dev", 7)]


@pytest.mark.parametrize(
    "source",
    [
        "SELECT {{ block_output('nope') }}",
        "SELECT {{ block_output('up', parse=lambda d, v: d['k']) }}",
        "SELECT {{ block_output( }}",
    ],
)
def test_block_output_that_fails_is_an_error_with_its_cause(tmp_path: Path, source: str) -> None:
    with pytest.raises(TemplateError):
        sql(tmp_path, source, Held("up", 1))


CAMELS = [
    "SELECT '{{ block_output('up', parse=lambda d, v: inflection.camelize('a_b')) }}' AS a",
    """SELECT '{{ variables("name", "lambda name: inflection.camelize(name)") }}' AS a""",
]


@pytest.mark.parametrize("source", CAMELS)
def test_expressions_have_inflection_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "inflection.py").write_text(
        "def camelize(text):\n    return text.title().replace('_', '')"
    )
    monkeypatch.syspath_prepend(tmp_path / "packages")
    monkeypatch.delitem(sys.modules, "inflection", raising=False)
    given = {"variables": {"name": "a_b"}}
    assert cells(sql(tmp_path, source, Held("up", 1), **given)) == [("AB",)]
    monkeypatch.setitem(sys.modules, "inflection", None)  # as where it is not installed
    with pytest.raises(TemplateError, match=r"the package inflection, which is not installed") as error:
        sql(tmp_path, source, Held("up", 1), **given)
    assert error.value.hint == "pip install inflection"
    others = "{{ block_output('up', parse=lambda d, v: json.dumps([math.floor(d), datetime.date.min.year])) }}"
    assert cells(sql(tmp_path, f"SELECT '{others}' AS a", Held("up", 1.5))) == [("[1, 1]",)]


def test_an_upstream_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    held = [Held("api", pa.table({"a": [1]})), Held("other", pa.table({"a": [1]}))]
    with pytest.raises(TemplateError, match="'df_3' is undefined") as error:
        sql(tmp_path, "SELECT * FROM {{ df_3 }}", *held)
    assert error.value.hint == "Of this block, df_1 is api, df_2 is other."


def test_types_that_arrow_lacks_keep_their_value(tmp_path: Path) -> None:
    table = sql(
        tmp_path,
        "SELECT '12345678901234567890123456789012345678901234'::BIGNUM AS v, 5::UHUGEINT AS small, 6::UHUGEINT AS small, "
        "340282366920938463463374607431768211455::UHUGEINT AS large, 10::UHUGEINT ** 20 AS f, '101'::BIT AS bits, "
        "99999999999999999999::UHUGEINT AS middle, TIMETZ '10:00:00+02' AS clock, 1 AS plain",
    )
    (row,) = cells(table)
    assert row[:4] == ("12345678901234567890123456789012345678901234", 5, 6, "340282366920938463463374607431768211455")
    assert row[4:] == (1e20, "101", decimal.Decimal(99999999999999999999), "10:00:00+02", 1)
    assert table.column_names == ["v", "small", "small", "large", "f", "bits", "middle", "clock", "plain"]


def test_text_can_be_left_as_it_is(tmp_path: Path) -> None:
    table = sql(
        tmp_path,
        "SELECT '{{ nope }}' AS t FROM df_1",
        Held("up", 1),
        configuration={"disable_query_preprocessing": True},
    )
    assert cells(table) == [("{{ nope }}",)]


def test_python_variables_are_never_tables(tmp_path: Path) -> None:
    with pytest.raises(QueryFailedError, match="does not exist"):
        sql(tmp_path, "SELECT * FROM job")


def test_an_error_of_the_query_shows_the_query(tmp_path: Path) -> None:
    with pytest.raises(
        QueryFailedError, match=r"(?s)^my_block.sql:1: running 'SELECT colour FROM df_1' on the embedded DuckDB.*color"
    ):
        sql(tmp_path, "SELECT colour FROM df_1", Held("up", pa.table({"color": [1]})))


def test_an_error_while_rows_are_read_is_an_error_of_the_query(tmp_path: Path) -> None:
    with pytest.raises(QueryFailedError, match="Could not convert"):
        sql(tmp_path, "SELECT CAST(x AS INTEGER) FROM df_1", Held("up", pa.table({"x": ["1", "z"]})))


def test_queries_written_for_renamed_columns_find_them(tmp_path: Path) -> None:
    logs: list[tuple[str, str]] = []
    held = Held("up", pa.table({"name": ["n"], "date": ["d"], "Unit Price": [2], "9x": [9], "plain": [1]}))
    table = sql(tmp_path, "SELECT _name, _date AS date, unit_price, letter_9x, plain FROM {{ df_1 }}", held, logs=logs)
    assert cells(table) == [("n", "d", 2, 9, 1)]
    assert "name as _name" in logs[0][1]
    assert cells(sql(tmp_path, 'SELECT "Unit Price" AS unit_price, name FROM {{ df_1 }}', held)) == [(2, "n")]


def test_settings_of_another_type_are_errors(tmp_path: Path) -> None:
    for configuration in (
        {"use_raw_sql": "perhaps"},
        {"export_write_policy": "merge"},
        {"limit_in_pipeline_run": "many"},
    ):
        with pytest.raises(SettingInvalidError):
            sql(tmp_path, "SELECT 1", configuration=configuration)
    with pytest.raises(UnsupportedError, match="does not run SQL on snowflake"):
        sql(tmp_path, "SELECT 1", configuration={"data_provider": "snowflake"})


def test_a_limit_of_the_run_cuts_and_says_so(tmp_path: Path) -> None:
    logs: list[tuple[str, str]] = []
    table = sql(
        tmp_path, "SELECT * FROM range(10)", configuration={"limit_in_pipeline_run": "3", "limit": 2}, logs=logs
    )
    assert table.num_rows == 3
    assert logs == [("warning", "limit_in_pipeline_run keeps 3 of 10 rows.")]


def test_duckdb_without_a_profile_is_in_memory(tmp_path: Path) -> None:
    for configuration in (
        {"data_provider": "duckdb"},
        {"data_provider": "duckdb", "data_provider_profile": "", "limit": ""},
        {"data_provider": None},
    ):
        assert cells(sql(tmp_path, "SELECT 1", configuration=configuration)) == [(1,)]


def test_names_of_blocks_that_need_quoting(tmp_path: Path) -> None:
    held = Held("ml/load é", pa.table({"x": [1]}))
    assert cells(sql(tmp_path, 'SELECT x FROM "ml/load é"', held)) == [(1,)]


def test_zero_rows_keep_their_columns(tmp_path: Path) -> None:
    table = sql(
        tmp_path,
        "SELECT * FROM {{ df_1 }}",
        Held("up", pa.table({"a": pa.array([], pa.int64()), "s": pa.array([], pa.string())})),
    )
    assert (table.num_rows, table.column_names) == (0, ["a", "s"])


def test_a_pandas_index_is_not_a_column(tmp_path: Path) -> None:
    held = Held("up", pd.DataFrame({"a": [1, 2]}, index=[7, 8]))
    assert sql(tmp_path, "SELECT * FROM df_1", held).column_names == ["a"]


def test_the_block_reports_its_file(tmp_path: Path) -> None:
    result = run_block(tmp_path, "SELECT 1", language="sql")
    assert result.files == frozenset({str(tmp_path / "my_block.sql")})


def test_no_frame_library_is_imported(tmp_path: Path) -> None:
    code = f"""
import sys
from dataclasses import replace
from pathlib import Path
import pyarrow as pa
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pandas", "polars"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from tests.languages.jobs import Given, run_block
table = run_block(Path({str(tmp_path)!r}), "SELECT sum(x) AS s FROM up", Given("up", pa.table({{"x": [1, 2]}})), language="sql").outputs[0]
assert table.to_pylist() == [{{"s": 3}}], table
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_query_larger_than_the_memory_limit_spills_outside_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = make_job(
        tmp_path, "SELECT count(*) AS n FROM (SELECT DISTINCT hash(range) AS h FROM range(20000000))", language="sql"
    )
    job = replace(job, order=replace(job.order, limits=Limits(memory=200 << 20)))
    table = runner("sql").run(job).outputs[0]
    assert cells(table) == [(20_000_000,)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my_block.sql"]


def test_every_error_is_one_of_ours(tmp_path: Path) -> None:
    for source in (
        "SELEC",
        "SELECT 'open",
        'SELECT "open',
        "SELECT $$open",
        "/* open",
        "SELECT 1 +",
        "(",
        ";(;",
        "SELECT * FROM read_csv('nope.csv')",
    ):
        with contextlib.suppress(PenstockError):
            sql(tmp_path, source)


def test_a_relative_path_begins_at_the_projects_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    project = tmp_path / "a project's folder"
    for folder in (elsewhere, project / "data"):
        folder.mkdir(parents=True)
    (project / "data" / "towns.csv").write_text("id,town\n1,x\n")
    monkeypatch.chdir(elsewhere)
    assert cells(sql(project, "SELECT id, town FROM 'data/towns.csv'")) == [(1, "x")]
    with pytest.raises(QueryFailedError) as refused:
        sql(project, "SELECT * FROM 'data/gone.csv'")
    assert "begins at the project's folder" in refused.value.hint


def test_the_database_is_freed_after_the_end_of_the_block_is_told(tmp_path: Path) -> None:
    job = make_job(tmp_path, "SELECT 1 AS x", language="sql")
    assert cells(runner("sql").run(job).outputs[0]) == [(1,)]
    (held,) = job.held
    assert held.sql("SELECT 2").fetchall() == [(2,)]


def test_what_has_been_spilled_is_gone_with_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "spilled"
    monkeypatch.setattr(embedded, "_spill_folder", lambda: folder)
    job = make_job(
        tmp_path, "SELECT count(*) AS n FROM (SELECT DISTINCT hash(range) AS h FROM range(20000000))", language="sql"
    )
    job = replace(job, order=replace(job.order, limits=Limits(memory=200 << 20)))
    runner("sql").run(job)
    for thread in threading.enumerate():
        if thread.name == "closing":
            thread.join()
    assert not folder.exists()
    assert job.held == []


def test_a_database_that_cannot_be_opened_ahead_fails_later_and_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[duckdb.DuckDBPyConnection] = []

    def locked(database: str) -> duckdb.DuckDBPyConnection:
        made.append(connect(database))
        made[-1].execute("SET lock_configuration = true")  # the setting of a folder is then refused by DuckDB itself
        return made[-1]

    monkeypatch.setattr(embedded, "connect", locked)
    monkeypatch.setattr(embedded, "_ahead", [])
    embedded.open_ahead()
    assert embedded._ahead == []
    with pytest.raises(duckdb.Error, match="locked"):
        embedded._opened()
    for connection in made:
        with pytest.raises(duckdb.ConnectionException, match="closed"):
            connection.execute("SELECT 1")
    assert len(made) == 2
