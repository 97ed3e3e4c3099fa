"""The database that a SQL block names with `data_provider_database`, on PostgreSQL and on DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from penstock.model.errors import ConnectionFailedError, QueryFailedError
from tests.languages.test_sql_database import Project, cells, project_over, upstream_sql
from tests.languages.upstreams import Held

OTHER = {"configuration": {"data_provider_database": "other"}}


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_profile: Any) -> tuple[Project, str]:
    """A project and the name of a database beside the one of its profile."""
    project = project_over(tmp_path, "postgres", postgres_profile())
    with project.client() as client:
        other = f"{client.default_database()}_beside"
        client.system.run_alone(f'CREATE DATABASE "{other}"')
    return project, other


def test_on_postgresql_it_is_the_database_that_is_connected_to(on_postgres: tuple[Project, str]) -> None:
    project, other = on_postgres
    beside = {"configuration": {"data_provider_database": other}}
    assert cells(project.run("SELECT current_database() AS name", **beside)) == [(other,)]
    assert cells(project.run("SELECT current_database() AS name", raw=True, **beside)) == [(other,)]
    assert project.tables() == set()
    up = Held("up", pa.table({"x": [1]}))
    assert cells(project.run("SELECT x FROM {{ df_1 }}", up, uuid="reads", **beside)) == [(1,)]
    assert project.tables() == set()


def test_an_upstream_in_another_database_is_uploaded_to_this_one(on_postgres: tuple[Project, str]) -> None:
    project, other = on_postgres
    beside = {"data_provider_database": other}
    project.run("SELECT 1 AS x", uuid="first", configuration=beside)
    near = upstream_sql(project, "first", pa.table({"x": [5]}), **beside)
    assert cells(project.run("SELECT x FROM {{ df_1 }}", near, configuration=beside)) == [(1,)]
    assert near.read == 0
    far = upstream_sql(project, "first", pa.table({"x": [5]}), **beside)
    assert cells(project.run("SELECT x FROM {{ df_1 }}", far)) == [(5,)]


def test_a_database_that_postgresql_has_not_is_named_with_its_key(on_postgres: tuple[Project, str]) -> None:
    with pytest.raises(ConnectionFailedError, match="nope") as caught:
        on_postgres[0].run("SELECT 1 AS x", configuration={"data_provider_database": "nope"})
    assert "data_provider_database of block block" in caught.value.hint


@pytest.fixture
def on_duckdb(tmp_path: Path) -> Project:
    return project_over(tmp_path, "duckdb", {"DUCKDB_DATABASE": "my.duckdb"})


def test_on_duckdb_it_is_an_attached_database(on_duckdb: Project) -> None:
    attach = f"ATTACH IF NOT EXISTS '{on_duckdb.folder / 'other.duckdb'}' AS other;"
    assert cells(on_duckdb.run(f"{attach} SELECT 1 AS x", uuid="first", **OTHER)) == [(1,)]
    assert on_duckdb.tables() == set()
    beside = project_over(on_duckdb.folder, "duckdb", {"DUCKDB_DATABASE": "other.duckdb"})
    assert beside.rows("SELECT x FROM dev_pipe_first_v1") == [(1,)]


@pytest.mark.parametrize("name", ["my", "MY", "my.duckdb"])
def test_the_database_of_the_connection_needs_no_name(
    on_duckdb: Project, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(on_duckdb.folder)
    for _ in range(2):
        on_duckdb.run("SELECT 1 AS x", uuid="first", configuration={"data_provider_database": name})
    assert on_duckdb.tables() == {"dev_pipe_first_v1"}
    held = upstream_sql(on_duckdb, "first", data_provider_database=name)
    assert cells(on_duckdb.run("SELECT count(*) AS n FROM {{ df_1 }}", held)) == [(2,)]


def test_a_database_that_duckdb_has_not_is_refused_with_those_that_it_has(on_duckdb: Project) -> None:
    with pytest.raises(QueryFailedError, match="there is none of that name, only my") as caught:
        on_duckdb.run("SELECT 1 AS x", **OTHER)
    assert "ATTACH" in caught.value.hint


def test_an_upstream_in_a_database_that_is_not_attached_here_is_read_from_its_output(on_duckdb: Project) -> None:
    held = upstream_sql(on_duckdb, "first", pa.table({"x": [5]}), data_provider_database="other")
    assert cells(on_duckdb.run("SELECT x FROM {{ df_1 }}", held)) == [(5,)]
