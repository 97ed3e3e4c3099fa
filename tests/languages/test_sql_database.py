"""SQL blocks on the database of a profile, over DuckDB files and a real PostgreSQL alike."""

from __future__ import annotations

import datetime as dt
import os
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import yaml

from penstock.connect.sql.names import Target
from penstock.model.errors import ProfileInvalidError, QueryFailedError, ValueRefusedError
from penstock.sdk.io.config import ConfigFileLoader
from penstock.sdk.io.duckdb import DuckDB
from penstock.sdk.io.postgres import Postgres
from penstock.sdk.io.sql import BaseSQL
from tests.languages.jobs import run_block
from tests.languages.upstreams import Held
from tests.patience import PATIENCE, until

CLIENTS: dict[str, type[BaseSQL]] = {"duckdb": DuckDB, "postgres": Postgres}


@dataclass
class Project:
    """A project folder whose default profile leads to an empty database."""

    folder: Path
    provider: str
    logs: list[tuple[str, str]] = field(default_factory=list)

    def run(self, source: str, *upstream: Held, uuid: str = "block", raw: bool = False, **options: Any) -> Any:
        more = options.pop("configuration", {})
        configuration = {"data_provider": self.provider, "data_provider_profile": "default", "use_raw_sql": raw, **more}
        result = run_block(
            self.folder,
            source,
            *upstream,
            language="sql",
            uuid=uuid,
            configuration=configuration,
            logs=self.logs,
            **options,
        )
        return result.outputs[0] if result.outputs else None

    def client(self) -> BaseSQL:
        return CLIENTS[self.provider].with_config(ConfigFileLoader(self.folder / "io_config.yaml"), verbose=False)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.client() as client:
            return cells(client.system.query(query).table)

    def tables(self) -> set[str]:
        return {
            row[0]
            for row in self.rows(
                "SELECT table_name FROM information_schema.tables WHERE table_schema IN ('public', 'main')"
            )
        }

    def warnings(self) -> list[str]:
        return [text for level, text in self.logs if level == "warning"]


@pytest.fixture(params=["duckdb", "postgres"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    if request.param == "duckdb":
        keys: dict[str, object] = {"DUCKDB_DATABASE": "my.duckdb", "DUCKDB_SCHEMA": "main"}
    else:
        make: Callable[[], dict[str, object]] = request.getfixturevalue("postgres_profile")
        keys = make()
    return project_over(tmp_path, request.param, keys)


def project_over(folder: Path, provider: str, profile: dict[str, object]) -> Project:
    text = yaml.safe_dump({"version": "0.1.1", "default": profile})
    (folder / "io_config.yaml").write_text(text, encoding="utf-8")
    return Project(folder, provider)


def cells(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def policy(name: str, **more: Any) -> dict[str, Any]:
    return {"configuration": {"export_write_policy": name, **more}}


def test_a_query_becomes_a_table_and_the_table_the_output(project: Project) -> None:
    assert cells(project.run("-- mine\nWITH t AS (SELECT 1 AS q, '%x;' AS s) SELECT * FROM t; -- end")) == [(1, "%x;")]
    assert project.rows("SELECT * FROM dev_pipe_block_v1") == [(1, "%x;")]


@pytest.mark.parametrize(
    ("env", "table"), [("dev", "dev_pipe_a_b_v1"), ("test", "test_pipe_a_b_v1"), ("prod", "pipe_a_b_v1")]
)
def test_the_table_is_named_after_pipeline_block_and_environment(project: Project, env: str, table: str) -> None:
    (project.folder / "A").mkdir()
    project.run("SELECT 1 AS x", uuid="A/b", variables={"env": env})
    assert table in project.tables()


def test_a_long_name_is_cut_and_stays_unique(project: Project) -> None:
    for letter in "ab":
        project.run(f"SELECT '{letter}' AS x", uuid="x" * 70 + letter)
    assert len(project.tables()) == 2


def test_policies(project: Project) -> None:
    assert cells(project.run("SELECT 1 AS x")) == [(1,)]
    assert sorted(cells(project.run("SELECT 2 AS x"))) == [(1,), (2,)]
    assert sorted(cells(project.run("SELECT 3 AS x", **policy("append")))) == [(1,), (2,), (3,)]
    assert cells(project.run("SELECT 4 AS x", **policy("replace"))) == [(4,)]
    with pytest.raises(QueryFailedError, match="policy is fail"):
        project.run("SELECT 5 AS x", **policy("fail"))
    assert project.rows("SELECT * FROM dev_pipe_block_v1") == [(4,)]


def test_a_replacement_that_fails_leaves_the_old_table(project: Project) -> None:
    project.run("SELECT 1 AS x")
    with pytest.raises(QueryFailedError):
        project.run("SELECT CAST(s AS INTEGER) AS x FROM (VALUES ('1'), ('z')) AS t(s)", **policy("replace"))
    assert project.rows("SELECT * FROM dev_pipe_block_v1") == [(1,)]
    assert project.tables() == {"dev_pipe_block_v1"}


@pytest.mark.parametrize("name", ["select", 'My "Table"', "żółw; DROP TABLE x", "per%s"])
def test_tables_and_schemas_of_any_name(project: Project, name: str) -> None:
    more = {"data_provider_table": name, "data_provider_schema": f"s {name}"}
    assert cells(project.run("SELECT 1 AS x", **policy("replace", **more))) == [(1,)]
    assert cells(project.run("SELECT 2 AS x", **policy("replace", **more))) == [(2,)]
    assert project.rows(f"SELECT * FROM {Target(name, f's {name}').sql}") == [(2,)]


def test_upstreams_are_uploaded_exactly(project: Project) -> None:
    given = pd.DataFrame(
        {
            "name": ["a", None],
            "order": [47.920979, 1e300],
            "flag": [True, None],
            "at": pd.to_datetime(["2024-01-01", None], utc=True),
            "Mixed Case": [1, 2],
        }
    )
    table = project.run("SELECT * FROM {{ df_1 }}", Held("up", given))
    assert table.column_names == list(given.columns)
    assert cells(table) == [
        ("a", 47.920979, True, dt.datetime(2024, 1, 1, tzinfo=dt.UTC), 1),
        (None, 1e300, None, None, 2),
    ]
    uploaded = set() if project.provider == "duckdb" else {"dev_pipe_up_v1"}  # DuckDB reads the frame where it lies
    assert {*uploaded, "dev_pipe_block_v1"} == project.tables()


def test_queries_written_for_cleaned_names_find_them(project: Project) -> None:
    given = Held("up", pd.DataFrame({"date": ["d"], "Unit Price": [2], "CamelCase": [3], "plain": [4]}))
    table = project.run("SELECT _date AS date, unit_price, CamelCase, plain FROM {{ df_1 }}", given)
    assert cells(table) == [("d", 2, 3, 4)]
    kept = project.run('SELECT "CamelCase" AS camelcase, "Unit Price", date FROM {{ df_1 }}', given, uuid="other")
    assert cells(kept) == [(3, 2, "d")]


def test_an_upload_replaces_the_one_before(project: Project) -> None:
    for value in (1, "text", 2.5):
        held = Held("up", pd.DataFrame({"x": [value]}))
        assert cells(project.run("SELECT x FROM {{ df_1 }}", held, **policy("replace"))) == [(value,)]


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_profile: Callable[..., dict[str, object]]) -> Project:
    return project_over(tmp_path, "postgres", postgres_profile())


@pytest.mark.parametrize("settings", [{"use_raw_sql": True}, {"export_write_policy": "replace"}])
@pytest.mark.parametrize("there", [False, True])
def test_a_query_reads_the_upload_of_its_own_run(
    on_postgres: Project, settings: dict[str, Any], *, there: bool
) -> None:
    """The first run has uploaded its rows and waits for a table that is locked; the second begins meanwhile."""
    project = on_postgres
    values = {number: Held("up", pd.DataFrame({"x": [number] * number})) for number in (1, 2, 3)}
    if there:
        project.run("SELECT * FROM {{ df_1 }}", values[3], raw=True)
    query = "SELECT min(x) AS low, max(x) AS high, count(*) AS n FROM {{ df_1 }}"
    with project.client() as client, ThreadPoolExecutor() as threads:
        client.execute_query_raw("CREATE TABLE gate AS SELECT 1 AS open")
        client.execute("LOCK TABLE gate IN ACCESS EXCLUSIVE MODE")
        held = threads.submit(project.run, f"{query}, gate", values[1], configuration=settings, uuid="one")
        waits = "SELECT count(*) FROM pg_locks WHERE relation = 'gate'::regclass AND NOT granted"
        until("the first waits", lambda: client.system.query(waits).table[0].to_pylist() == [1])
        other = threads.submit(project.run, query, values[2], configuration=settings, uuid="two")
        until("the second waits", lambda: other.done() or any("Another process" in text for text in project.warnings()))
        client.rollback()
        assert (cells(held.result(PATIENCE)), cells(other.result(PATIENCE))) == ([(1, 1, 1)], [(2, 2, 2)])
    assert project.rows("SELECT * FROM dev_pipe_up_v1") == [(2,), (2,)]


def test_an_upload_stays_when_the_query_is_refused(project: Project) -> None:
    held = Held("up", pd.DataFrame({"x": [1]}))
    named = {"upstream_block_configuration": {"up": {"table_name": "to_look_at"}}}
    with pytest.raises(QueryFailedError):
        project.run("CREATE TABLE t AS SELECT 1 AS a; SELECT nope FROM {{ df_1 }}", held, configuration=named)
    assert project.rows("SELECT * FROM to_look_at") == [(1,)]


def test_only_used_upstreams_are_uploaded(project: Project) -> None:
    used, unused = Held("used", pd.DataFrame({"x": [1]})), Held("unused", object())
    project.run("SELECT * FROM {{ df_1 }}", used, unused)
    assert unused.read == 0
    with pytest.raises(ValueRefusedError, match=r"df_2 \(block unused\)"):
        project.run("SELECT * FROM {{ df_2 }}", used, unused)


def test_upload_tables_can_be_named(project: Project) -> None:
    held = Held("up", pd.DataFrame({"x": [1]}))
    project.run(
        "SELECT * FROM {{ df_1 }}",
        held,
        configuration={"upstream_block_configuration": {"up": {"table_name": "chosen"}}},
    )
    assert project.rows("SELECT * FROM chosen") == [(1,)]
    project.run("SELECT * FROM {{ df_1 }}", held, configuration={"unique_upstream_table_name": True})
    assert any(name.startswith("dev_pipe_up_v1_") for name in project.tables())


def test_an_uploaded_table_can_be_dropped_by_the_block(project: Project) -> None:
    held = Held("up", pd.DataFrame({"x": [1]}))
    project.run("CREATE TABLE kept AS SELECT * FROM {{ df_1 }};\nDROP TABLE {{ df_1 }};", held, raw=True)
    assert project.tables() == {"kept"}


def upstream_sql(project: Project, uuid: str, content: Any = None, **configuration: Any) -> Held:
    more = {"data_provider": project.provider, "data_provider_profile": "default", **configuration}
    return Held(uuid, content, type="transformer", language="sql", configuration=more)


def test_the_table_of_an_upstream_sql_block_is_used_where_it_is(project: Project) -> None:
    project.run("SELECT 1 AS x", uuid="first")
    held = upstream_sql(project, "first")
    assert cells(project.run("SELECT x + 1 AS y FROM {{ df_1 }}", held, uuid="second")) == [(2,)]
    assert held.read == 0


def test_the_query_of_an_upstream_raw_block_is_inlined(project: Project) -> None:
    (project.folder / "transformers").mkdir()
    (project.folder / "transformers" / "first.sql").write_text("-- x\nSELECT {{ n }} AS x;", encoding="utf-8")
    held = upstream_sql(project, "first", use_raw_sql=True)
    assert cells(project.run("SELECT x + 1 AS y FROM {{ df_1 }} AS up", held, variables={"n": 5})) == [(6,)]
    assert (held.read, project.tables()) == (0, {"dev_pipe_block_v1"})


@pytest.mark.parametrize("made", ["pipe", "latin", "gone", "no name"])
def test_an_upstream_whose_text_cannot_be_read_is_uploaded(tmp_path: Path, made: str) -> None:
    (tmp_path / "io_config.yaml").write_text("default:\n  DUCKDB_DATABASE: my.duckdb\n")
    file = tmp_path / "first.sql"
    if made == "pipe":
        os.mkfifo(file)
    elif made == "latin":
        file.write_bytes("SELECT 'café' AS x".encode("latin-1"))
    project = Project(tmp_path, "duckdb")
    path = "fir\0st.sql" if made == "no name" else "first.sql"
    held = upstream_sql(project, "first", pa.table({"x": [7]}), use_raw_sql=True, file_path=path)
    assert cells(project.run("SELECT x FROM {{ df_1 }}", held)) == [(7,)]


USES = {
    "SELECT x FROM {{ df_1 }}": [(5,)],
    "SELECT x FROM {{ df_1 }};": [(5,)],
    "SELECT x FROM {{ df_1 }} -- all": [(5,)],
    "SELECT x FROM {{ df_1 }} WHERE x > 1": [(5,)],
    "SELECT x FROM {{ df_1 }}\nORDER BY x LIMIT 1": [(5,)],
    "SELECT x, count(*) FROM {{ df_1 }} GROUP BY x": [(5, 1)],
    "SELECT a.x FROM {{ df_1 }} AS a": [(5,)],
    'SELECT "A".x FROM {{ df_1 }} "A"': [(5,)],
    "SELECT a.x, b.y FROM {{ df_1 }} a JOIN {{ df_2 }} b ON a.x < b.y": [(5, 6)],
    "SELECT x, y FROM {{ df_1 }} LEFT JOIN {{ df_2 }} ON x < y": [(5, 6)],
    "SELECT x, y FROM {{ df_1 }}, {{ df_2 }}": [(5, 6)],
    "SELECT x, y FROM (VALUES (1)) AS t(z) JOIN {{ df_1 }} ON z < x, {{ df_2 }} WHERE x < y": [(5, 6)],
    "SELECT x, y FROM ({{ df_1 }} CROSS JOIN {{ df_2 }})": [(5, 6)],
    "SELECT a.x FROM ({{ df_1 }}) AS a": [(5,)],
    "SELECT a.x FROM ({{ df_1 }} UNION {{ df_2 }}) AS a ORDER BY 1": [(5,), (6,)],
    "SELECT a.x FROM (SELECT x FROM {{ df_1 }}) a": [(5,)],
    "SELECT x FROM {{ df_1 }} UNION SELECT y FROM {{ df_2 }} ORDER BY 1": [(5,), (6,)],
    "WITH a AS (SELECT * FROM {{ df_1 }}), b AS (SELECT * FROM {{ df_2 }}) SELECT x, y FROM a, b": [(5, 6)],
    "SELECT y FROM {{ df_2 }} WHERE 5 IN {{ df_1 }} AND EXISTS {{ df_1 }}": [(6,)],
    "SELECT y FROM {{ df_2 }} WHERE y - 1 IN ({{ df_1 }})": [(6,)],
    "SELECT {{ df_1 }} + 1 AS a, {{ df_2 }} AS b": [(6, 6)],
    "SELECT {{ df_1 }}.x FROM {{ df_1 }}": [(5,)],
    "SELECT '{{ df_1 }}' <> '' AS told": [(True,)],
    "SELECT x FROM {{ df_1 }} -- JOIN {{ df_2 }} ON x < y": [(5,)],
    "-- {{ df_1 }}\nSELECT y /* {{ df_1 }} */ FROM {{ df_2 }}": [(6,)],
}


@pytest.mark.parametrize("query", USES)
def test_an_inlined_query_needs_no_alias_and_may_have_one(project: Project, query: str) -> None:
    (project.folder / "transformers").mkdir()
    for name, text in {"first": "SELECT 5 AS x", "other": "SELECT 6 AS y -- one"}.items():
        (project.folder / "transformers" / f"{name}.sql").write_text(text, encoding="utf-8")
    upstreams = [upstream_sql(project, name, use_raw_sql=True) for name in ("first", "other")]
    assert cells(project.run(query, *upstreams, raw=True)) == USES[query]


def test_the_table_that_an_upstream_raw_block_made_is_used(project: Project) -> None:
    (project.folder / "transformers").mkdir()
    source = 'CREATE TABLE "Made" AS SELECT 1 AS x; INSERT INTO "Made" VALUES (2)'
    (project.folder / "transformers" / "first.sql").write_text(source, encoding="utf-8")
    project.run(source, uuid="first", raw=True)
    held = upstream_sql(project, "first", use_raw_sql=True)
    assert cells(project.run("SELECT sum(x) AS s FROM {{ df_1 }}", held))[0][0] == 3


@pytest.mark.parametrize(
    "source",
    [
        "CREATE TEMP TABLE tq AS SELECT * FROM generate_series(1, 3000) AS g(x)",
        'CREATE TEMPORARY TABLE IF NOT EXISTS "tq" (x INT); INSERT INTO tq SELECT * FROM generate_series(1, 3000)',
    ],
)
def test_the_rows_of_a_temporary_table_are_what_the_next_block_reads(project: Project, source: str) -> None:
    (project.folder / "transformers").mkdir()
    (project.folder / "transformers" / "first.sql").write_text(source, encoding="utf-8")
    held = upstream_sql(project, "first", project.run(source, uuid="first", raw=True), use_raw_sql=True)
    assert cells(project.run("SELECT count(*) AS n, max(x) AS x FROM {{ df_1 }}", held)) == [(3000, 3000)]
    assert "tq" not in project.tables()


def test_an_upstream_query_over_its_own_upstreams_is_uploaded(project: Project) -> None:
    (project.folder / "transformers").mkdir()
    (project.folder / "transformers" / "first.sql").write_text("SELECT * FROM {{ df_1 }}", encoding="utf-8")
    held = upstream_sql(project, "first", pa.table({"x": [1]}), use_raw_sql=True)
    assert cells(project.run("SELECT * FROM {{ df_1 }}", held)) == [(1,)]


def test_an_upstream_on_another_database_is_uploaded(project: Project) -> None:
    held = Held("first", pa.table({"x": [1]}), language="sql", configuration={})
    assert cells(project.run("SELECT * FROM {{ df_1 }}", held)) == [(1,)]
    assert held.read == 1


def test_raw_statements_run_in_order_and_the_last_is_the_output(project: Project) -> None:
    source = (
        "CREATE TABLE t (a INT, s TEXT); INSERT INTO t VALUES (1, 'a;b'), (2, 'c'); SELECT * FROM t ORDER BY a DESC;"
    )
    assert cells(project.run(source, raw=True)) == [(2, "c"), (1, "a;b")]
    assert project.rows("SELECT count(*) FROM t") == [(2,)]


WRONG = "SELECT\n  nope\nFROM (VALUES (1)) AS t(x)"


@pytest.mark.parametrize("policy", ["append", "replace"])
@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("there", [False, True])
def test_a_failure_shows_the_statement_and_its_line_in_the_block(
    project: Project, policy: str, *, raw: bool, there: bool
) -> None:
    if there:
        project.run("SELECT 1 AS x")
    more = {"configuration": {"export_write_policy": policy}}
    told = r"(?s)^block.sql:3: running 'SELECT nope FROM \(VALUES \(1\)\) AS t\(x\)' on (PostgreSQL|DuckDB): "
    told += r".*LINE 4:   nope\n {10}\^" if project.provider == "postgres" else ".*nope"  # DuckDB does not always say
    with pytest.raises(QueryFailedError, match=told):
        project.run(f"-- what it does\n\n{WRONG}", raw=raw, **more)
    with pytest.raises(QueryFailedError, match=told.replace("3", "2").replace("4", "3")):
        project.run(f"CREATE TABLE a AS SELECT 1 AS x;\n{WRONG}", raw=raw, **more)


def test_a_line_is_told_where_templates_leave_it(project: Project) -> None:
    (project.folder / "transformers").mkdir()
    (project.folder / "transformers" / "first.sql").write_text("SELECT\n1 AS x", encoding="utf-8")
    held = upstream_sql(project, "first", use_raw_sql=True)
    lines = "CREATE TABLE a AS\nSELECT * FROM {{ df_1 }};\n" + WRONG
    with pytest.raises(QueryFailedError, match=r"^block.sql:3: running 'SELECT nope"):
        project.run(lines, held, raw=True)
    with pytest.raises(QueryFailedError, match=r"^block.sql:2: running 'SELECT nope"):
        project.run("VACUUM;\n" + WRONG, raw=True)  # which cannot be in a transaction
    with pytest.raises(QueryFailedError, match=r"^block.sql: running 'SELECT nope"):
        project.run("-- {{ two }}\n" + WRONG, raw=True, variables={"two": "lines\n-- here"})


def test_a_query_without_columns(project: Project) -> None:
    if project.provider == "postgres":  # DuckDB refuses it
        table = project.run("SELECT", raw=True)
        assert (table.num_columns, table.num_rows) == (0, 0)


def test_raw_statements_are_all_or_nothing(project: Project) -> None:
    with pytest.raises(QueryFailedError):
        project.run("CREATE TABLE t AS SELECT 1 AS a; SELECT nope FROM t", raw=True)
    assert project.tables() == set()


def test_a_table_that_raw_statements_fill_is_read_again(project: Project) -> None:
    assert cells(project.run("CREATE TABLE t AS SELECT 1 AS a", raw=True)) == [(1,)]
    assert sorted(cells(project.run("INSERT INTO t (a) VALUES (2)", raw=True))) == [(1,), (2,)]
    assert cells(project.run("INSERT INTO t (a) VALUES (7) RETURNING a", raw=True)) == [(7,)]
    assert project.run("UPDATE t SET a = 5", raw=True) is None
    assert project.rows("SELECT DISTINCT a FROM t") == [(5,)]


def test_rows_of_a_written_table_that_are_not_passed_on_are_told(project: Project) -> None:
    made = "CREATE TABLE {} AS SELECT * FROM generate_series(1, {}) AS g(x)"
    assert project.run(made.format("whole", 1000), raw=True).num_rows == 1000
    assert project.warnings() == []
    assert project.run(made.format("many", 1001), raw=True).num_rows == 1000
    (warning,) = project.warnings()
    assert "only the first 1,000 rows: the last statement answers with none" in warning
    assert project.run(made.format("more", 1001) + "; SELECT * FROM more", raw=True).num_rows == 1001
    few = project.run(made.format("few", 9), raw=True, configuration={"limit_in_pipeline_run": 5})
    assert few.num_rows == 5
    assert ["limit_in_pipeline_run" in text for text in project.warnings()] == [False, True]


def test_a_block_that_is_no_query_runs_as_it_is_even_when_not_raw(project: Project) -> None:
    assert cells(project.run("CREATE TABLE t AS SELECT 1 AS a")) == [(1,)]
    assert project.tables() == {"t"}


def test_statements_that_rule_their_own_transaction(project: Project) -> None:
    project.run("BEGIN; CREATE TABLE t AS SELECT 1 AS a; COMMIT;", raw=True)
    assert project.tables() == {"t"}


def test_statements_that_cannot_be_in_a_transaction(project: Project) -> None:
    project.run("CREATE TABLE t AS SELECT 1 AS a; VACUUM t; SELECT a FROM t", raw=True)
    assert project.tables() == {"t"}


def test_limits(project: Project) -> None:
    source = "SELECT * FROM generate_series(1, 3000) AS t(x)"
    assert project.run(source, configuration={"limit": 10}).num_rows == 3000
    assert project.warnings() == []
    assert project.run(source, uuid="cut", configuration={"limit_in_pipeline_run": 20}).num_rows == 20
    assert len(project.warnings()) == 1
    assert project.rows("SELECT count(*) FROM dev_pipe_cut_v1") == [(3000,)]
    assert project.run(source, raw=True, configuration={"limit_in_pipeline_run": 5}).num_rows == 5


def test_text_can_be_left_as_it_is(project: Project) -> None:
    table = project.run("SELECT '{{ nope }} %s' AS t", configuration={"disable_query_preprocessing": True})
    assert cells(table) == [("{{ nope }} %s",)]


def test_dynamic_blocks_have_a_table_each(project: Project) -> None:
    project.run("SELECT 1 AS x", variables={"dynamic_block_index": 3})
    assert project.tables() == {"dev_pipe_block_v1__dynamic_3"}


def test_the_item_of_a_child_is_read_and_not_the_table_of_its_parent(project: Project) -> None:
    project.run("SELECT 1 AS x UNION ALL SELECT 2 AS x", uuid="up")
    settings = {"data_provider": project.provider, "data_provider_profile": "default"}
    for index, value in enumerate([5, 6]):
        item = Held("up", {"x": value}, language="sql", configuration=settings, partial=True)
        named = {"upstream_block_configuration": {"up": {"table_name": "items"}}}
        query = "SELECT x + 1 AS y FROM {{ df_1 }}"
        found = project.run(query, item, variables={"dynamic_block_index": index}, configuration=named)
        assert cells(found) == [(value + 1,)]
    assert {"items__dynamic_0", "items__dynamic_1"} <= project.tables()


def test_a_profile_that_is_missing_names_those_that_exist(project: Project) -> None:
    with pytest.raises(ProfileInvalidError, match="no such profile; the file has: default"):
        project.run("SELECT 1", configuration={"data_provider_profile": "nope"})


def test_a_profile_can_be_a_template(project: Project) -> None:
    assert (
        project.run(
            "SELECT 1 AS x", configuration={"data_provider_profile": "{{ which }}"}, variables={"which": "default"}
        )
        is not None
    )


def test_a_duckdb_profile_without_a_database_is_in_memory(tmp_path: Path) -> None:
    (tmp_path / "io_config.yaml").write_text("default:\n  OTHER: 1\n", encoding="utf-8")
    assert cells(Project(tmp_path, "duckdb").run("SELECT * FROM {{ df_1 }}", Held("up", pa.table({"x": [1]})))) == [
        (1,)
    ]


def test_a_relative_database_lies_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "io_config.yaml").write_text("default:\n  DUCKDB_DATABASE: sub/../my.duckdb\n", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    Project(tmp_path, "duckdb").run("SELECT 1 AS x")
    assert (tmp_path / "my.duckdb").exists()


def test_passwords_are_in_no_error_and_no_log(tmp_path: Path) -> None:
    secret = "hunter2-canary"
    profile = {
        "POSTGRES_DBNAME": "d",
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": 1,
        "POSTGRES_USER": "u",
        "POSTGRES_PASSWORD": secret,
    }
    (tmp_path / "io_config.yaml").write_text(yaml.safe_dump({"default": profile}), encoding="utf-8")
    project = Project(tmp_path, "postgres")
    with pytest.raises(Exception, match=r"connecting to PostgreSQL at 127.0.0.1:1/d as u") as caught:
        project.run("SELECT 1")
    assert (
        secret
        not in f"{''.join(traceback.format_exception(caught.value))}{project.logs}{project.client()!r}{vars(project.client())}"
    )
