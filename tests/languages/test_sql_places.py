"""Which table a SQL block reads when the upstream SQL block worked in another schema, profile or database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from penstock.connect.sql.names import quoted
from tests.languages.jobs import run_block
from tests.languages.test_sql_database import cells
from tests.languages.upstreams import Held

REPLACED = {"export_write_policy": "replace"}
READS = "SELECT n FROM {{ df_1 }}"


class Pair:
    """A project whose SQL block `down` reads what its SQL block `up` selects."""

    def __init__(self, folder: Path, provider: str, profiles: dict[str, dict[str, object]]) -> None:
        self.folder = folder
        self.provider = provider
        self.base = {"data_provider": provider, "data_provider_profile": "default", **REPLACED}
        (folder / "transformers").mkdir()
        text = yaml.safe_dump({"version": "0.1.1", **profiles})
        (folder / "io_config.yaml").write_text(text, encoding="utf-8")

    def run(
        self, up: dict[str, Any], down: dict[str, Any], values: tuple[int, ...] = (1, 2, 3), **more: Any
    ) -> list[int]:
        """What `down` has read in each of several runs; `up` selects the variable of its run."""
        return [self._once(value, up, down, **more) for value in values]

    def _once(
        self,
        value: int,
        up: dict[str, Any],
        down: dict[str, Any],
        source: str = "SELECT {{ a }} AS n",
        reads: str = READS,
    ) -> int:
        (self.folder / "transformers" / "up.sql").write_text(source, encoding="utf-8")
        given: dict[str, Any] = {"language": "sql", "variables": {"a": value}}
        configuration = {**self.base, **up}
        made = run_block(self.folder, source, uuid="up", configuration=configuration, **given)
        self.held = Held("up", made.outputs[0], type="transformer", language="sql", configuration=configuration)
        return self.read(value, down, reads)

    def read(self, value: int, down: dict[str, Any], reads: str = READS) -> int:
        """What `down` reads of the run of `up` that was the last."""
        configuration = {**self.base, **down}
        given: dict[str, Any] = {"language": "sql", "variables": {"a": value}}
        table = run_block(self.folder, reads, self.held, uuid="down", configuration=configuration, **given)
        return cells(table.outputs[0])[0][0]


@pytest.fixture(params=["duckdb", "postgres"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    if request.param == "duckdb":
        keys: dict[str, object] = {"DUCKDB_DATABASE": "my.duckdb"}
        schema = "DUCKDB_SCHEMA"
    else:
        make: Callable[..., dict[str, object]] = request.getfixturevalue("postgres_profile")
        keys = make(POSTGRES_SCHEMA="public")
        schema = "POSTGRES_SCHEMA"
        with psycopg.connect(**connecting(keys), autocommit=True) as connection:
            connection.execute("CREATE SCHEMA mart")
    return Pair(tmp_path, request.param, {"default": keys, "mart": {**keys, schema: "mart"}})


def connecting(keys: dict[str, object]) -> dict[str, Any]:
    names = {"host": "HOST", "port": "PORT", "dbname": "DBNAME", "user": "USER", "password": "PASSWORD"}
    return {argument: keys[f"POSTGRES_{key}"] for argument, key in names.items()}


# a name for the upload keeps DuckDB, too, from reading the frame where it lies
NAMED = {"upstream_block_configuration": {"up": {"table_name": "dev_pipe_up_v1"}}}

PLACES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"data_provider_schema": "rep"}),
    ({"data_provider_schema": "rep"}, {}),
    ({"data_provider_schema": "one"}, {"data_provider_schema": "other"}),
    ({}, {"data_provider_profile": "mart"}),
    ({"data_provider_profile": "mart"}, {}),
    ({"data_provider_profile": "mart"}, {"data_provider_schema": "rep"}),
    ({"data_provider_profile": "mart", "data_provider_schema": "rep"}, {"data_provider_schema": "rep"}),
]


@pytest.mark.parametrize(("up", "down"), PLACES)
@pytest.mark.parametrize("named", [{}, NAMED])
def test_each_run_reads_its_own_upstream(
    pair: Pair, up: dict[str, Any], down: dict[str, Any], named: dict[str, Any]
) -> None:
    assert pair.run(up, {**down, **named}) == [1, 2, 3]
    assert pair.held.read == 0  # from the table that the upstream wrote, wherever that is


@pytest.mark.parametrize("raw", [{}, {"use_raw_sql": True}])
def test_a_block_whose_schema_was_changed_meanwhile_reads_its_own_upstream(pair: Pair, raw: dict[str, Any]) -> None:
    for down in ({"data_provider_schema": "rep"}, {}, {"data_provider_schema": "rep"}):
        assert pair.run({}, {**down, **raw}) == [1, 2, 3]


def test_an_upstream_that_writes_no_table_of_its_name_is_never_an_upload_of_before(pair: Pair) -> None:
    source = "CREATE TABLE IF NOT EXISTS other (n INT); INSERT INTO other VALUES ({{ a }}) RETURNING n"
    reads = "SELECT max(n) AS n FROM {{ df_1 }}"
    assert pair.run({}, NAMED, source=source, reads=reads) == [1, 2, 3]
    made = "DROP TABLE IF EXISTS made; CREATE TABLE made AS SELECT {{ a }} AS n"
    assert pair.run({}, NAMED, source=made, reads=reads) == [1, 2, 3]


def test_expressions_over_the_upstreams_of_an_upstream_are_left_to_it(pair: Pair) -> None:
    pair.run({}, NAMED, (7,))
    source = "SELECT {{ block_output(parse=lambda data, _: next(iter(data))) }} AS n"
    (pair.folder / "transformers" / "up.sql").write_text(source, encoding="utf-8")
    assert pair.read(7, NAMED) == 7
    assert pair.held.read == 0


def test_a_query_is_put_in_where_its_names_mean_the_same(pair: Pair) -> None:
    """Raw, of a table that both schemas have: the upstream's own counts."""
    raw = {"use_raw_sql": True}
    default = {"postgres": "public", "duckdb": "main"}[pair.provider]
    for schema, value in ((default, 2), ("mart", 4)):
        made = f"CREATE TABLE {schema}.t AS SELECT {{{{ a }}}} AS n; SELECT n FROM {schema}.t"
        pair.run({"data_provider_profile": "mart", **raw}, NAMED, (value,), source=made)
    query = {"source": "SELECT n + 0 * {{ a }} AS n FROM t"}
    assert pair.run({"data_provider_profile": "mart", **raw}, {**NAMED, **raw}, **query) == [4, 4, 4]
    assert pair.run(raw, {"data_provider_profile": "mart", **NAMED, **raw}, **query) == [2, 2, 2]
    assert pair.run(raw, {"data_provider_schema": "rep", **raw}, **query) == [2, 2, 2]
    assert pair.held.read == 0


def test_an_upstream_in_another_database_is_uploaded_each_time(
    tmp_path: Path, postgres_profile: Callable[..., dict[str, object]]
) -> None:
    keys = postgres_profile()
    with psycopg.connect(**connecting(keys), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {quoted(str(keys['POSTGRES_DBNAME']) + '_other')}")
    other = {**keys, "POSTGRES_DBNAME": f"{keys['POSTGRES_DBNAME']}_other"}
    host = {**keys, "POSTGRES_HOST": "localhost"}
    pair = Pair(tmp_path, "postgres", {"default": keys, "other": other, "host": host, "file": {"DUCKDB_DATABASE": "a"}})
    for up in ({"data_provider_profile": "other"}, {"data_provider": "duckdb", "data_provider_profile": "file"}):
        assert pair.run(up, {}) == [1, 2, 3]
        assert pair.held.read == 1
    assert pair.run({"data_provider_profile": "host"}, {"data_provider_schema": "rep"}) == [1, 2, 3]


def test_files_of_duckdb_are_told_apart_and_known_by_every_path(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    files = {"default": "one.duckdb", "same": "sub/../one.duckdb", "other": "two.duckdb", "memory": ":memory:"}
    pair = Pair(tmp_path, "duckdb", {name: {"DUCKDB_DATABASE": file} for name, file in files.items()})
    for profile, read in {"same": 0, "other": 1}.items():
        assert pair.run({"data_provider_profile": profile}, NAMED) == [1, 2, 3]
        assert pair.held.read == read
    both = {"data_provider_profile": "memory"}
    source = "CREATE TABLE made AS SELECT {{ a }} AS n"
    assert pair.run(both, {**both, **NAMED}, source=source) == [1, 2, 3]


def test_a_table_that_this_user_may_not_read_is_written_again(
    tmp_path: Path, postgres_profile: Callable[..., dict[str, object]]
) -> None:
    keys = postgres_profile()
    reader = f"reader_of_{keys['POSTGRES_DBNAME']}"
    with psycopg.connect(**connecting(keys), autocommit=True) as connection:
        connection.execute(
            f"CREATE ROLE {reader} LOGIN; CREATE SCHEMA theirs; CREATE SCHEMA ours AUTHORIZATION {reader}"
        )
    profiles = {
        "default": {**keys, "POSTGRES_SCHEMA": "theirs"},
        "reader": {**keys, "POSTGRES_USER": reader, "POSTGRES_SCHEMA": "ours"},
    }
    pair = Pair(tmp_path, "postgres", profiles)
    mine = {"data_provider_profile": "reader"}
    assert pair.run({}, mine) == [1, 2, 3]
    assert pair.held.read == 1
    with psycopg.connect(**connecting(keys), autocommit=True) as connection:
        connection.execute(
            f"GRANT USAGE ON SCHEMA theirs TO {reader}; GRANT SELECT ON theirs.dev_pipe_up_v1 TO {reader}"
        )
    assert pair.run({}, mine) == [1, 2, 3]
    assert pair.held.read == 0
