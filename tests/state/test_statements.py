"""Every statement and every table in the words of each database. SQL Server's is compiled only: no server runs here."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from penstock.state import monitoring, statements
from penstock.state.rows import AlertRow, BackfillRow, BlockRunRow, HoldRow, NodeRow, RunRow, TriggerRow, changed
from penstock.state.run_list import RunFilter
from penstock.state.store import State, open_state
from penstock.state.sums import Sum
from penstock.state.tables import block_run, metadata, run

SERVER = mssql.dialect(deprecate_large_types=True)
SERVER.supports_sequences = False
DIALECTS: dict[str, Dialect] = {"mssql": SERVER, "postgresql": postgresql.dialect(), "sqlite": sqlite.dialect()}
NOUNS = ("triggers", "runs", "block_runs", "backfills", "holds", "alerts", "nodes", "settings", "sums")

RUN = RunRow("r1", "p", 1.0)
SAMPLES: dict[str, list[Any]] = {
    "str": ["r1"],
    "float": [1.0],
    "float | None": [None, 1.0],
    "int": [1],
    "int | None": [None, 1],
    "str | None": [None, "x"],
    "bool": [False, True],
    "tuple[float, int] | None": [None, (1.0, 1)],
    "RunRow": [RUN],
    "TriggerRow": [TriggerRow("p", "t")],
    "BackfillRow": [BackfillRow("p", "b", 1.0)],
    "AlertRow": [AlertRow("i", "failure", 1.0)],
    "NodeRow": [NodeRow("n", "server", "h", 1, 1.0, 1.0)],
    "Sequence[RunRow]": [[RUN]],
    "Iterable[BlockRunRow]": [[BlockRunRow("r1", "b")]],
    "Iterable[str]": [[], ["a", "b"]],
    "Sequence[str]": [(), ("a", "b")],
    "Sequence[float]": [(0.5, 10.0), (1.0,)],
    "Callable[[str], str]": [str.upper, str],
    "Sequence[int]": [(), (24, 48)],
    "Collection[int]": [(), (24, 48)],
    "Sequence[Sum]": [[Sum(24, 48, "", "", "")]],
    "Iterable[Mapping[str, Any]]": [[{"id": 1, "last_slot": 1.0, "next_due_at": 2.0}]],
    "Iterable[tuple[RunRow, Sequence[BlockRunRow]]]": [[(RunRow("r9", "p", 1.0), [BlockRunRow("r9", "b")])]],
    "Mapping[str, tuple[int, int]]": [{"key": (1, 2)}],
    "RunFilter": [
        RunFilter(),
        RunFilter(
            ("p",), ("a", "b"), ("c",), since=1.0, until=2.0, partition="x", block="b", text="5%", sort="longest"
        ),
        RunFilter(trigger_id=1, backfill_id=2, text="x"),
    ],
}
"""Values for the parameters of queries, by annotation: a query with a parameter of a new kind needs one here."""

VALUES = {"triggers": {"problem": "x"}, "backfills": {"error": "x"}, "alerts": {"error": "x"}, "runs": {"error": "x"}}


def calls(noun: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every method of a noun, called with its parameters left out, and with each of the samples."""
    for method, function in inspect.getmembers(noun, inspect.ismethod):
        if method.startswith("_"):
            continue
        parameters = [one for one in inspect.signature(function).parameters.values() if one.name != "connection"]
        named = [one for one in parameters if one.kind is not one.VAR_KEYWORD]
        more = VALUES[name] if len(named) < len(parameters) else {}
        count = max([len(SAMPLES[str(one.annotation)]) for one in named], default=1)
        for number in range(count):
            given = {
                one.name: SAMPLES[str(one.annotation)][number % len(SAMPLES[str(one.annotation)])] for one in named
            }
            if isinstance(given.get("after"), str):
                given["after"] = ['[1.0,"r1"]', ""][number % 2]
            yield method, {**given, **more}


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, sa.ClauseElement, list[str]]]:
    """Every statement that the queries send, with the method that does, and the names of its parameters."""
    state = open_state(f"sqlite:///{tmp_path_factory.mktemp('state') / 'state.db'}")
    with state.write() as connection:  # so that queries which look first find something, and go on
        state.runs.insert(connection, RUN)
        state.alerts.add(connection, AlertRow("r1", "failure", 0.5))
        assert state.triggers.add(connection, TriggerRow("q", "t")) == 1
    found: list[tuple[str, sa.ClauseElement, list[str]]] = []
    current = [""]

    @sa.event.listens_for(state._writer, "before_execute")
    def remember(connection: Any, clause: Any, many: Any, parameters: Any, options: Any) -> None:
        given = many[0] if many else parameters
        if not isinstance(clause, str):
            found.append((current[0], clause, list(given or {})))

    for name in NOUNS:
        noun = getattr(state, name)
        for method, arguments in calls(noun, name):
            current[0] = f"{name}.{method}"
            with state._writer.connect() as connection, connection.begin() as transaction:
                getattr(noun, method)(connection, **arguments)
                transaction.rollback()
    for method, function in inspect.getmembers(monitoring, inspect.isfunction):
        parameters = [str(one.annotation) for one in inspect.signature(function).parameters.values()]
        if parameters[:1] == ["sa.Connection"] and not method.startswith("_"):
            current[0] = f"monitoring.{method}"
            with state._writer.connect() as connection, connection.begin():
                function(connection, *(SAMPLES[annotation][0] for annotation in parameters[1:]))
    state.close()
    return found


@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_every_statement_compiles(dialect: str, executed: list[tuple[str, sa.ClauseElement, list[str]]]) -> None:
    names = {name for name, _, _ in executed}
    assert {"runs.claim", "runs.page", "holds.acquire", "triggers.due", "alerts.add", "runs.record"} <= names
    for name, clause, keys in executed:
        if dialect == "mssql" and isinstance(clause, sqlite.Insert):
            continue  # spelled otherwise there: the next test
        wanted = postgresql_insert(clause) if dialect == "postgresql" and isinstance(clause, sqlite.Insert) else clause
        text = str(wanted.compile(dialect=DIALECTS[dialect], column_keys=keys or None))
        assert text, name
        if dialect == "mssql":
            assert " IS 1" not in text, (name, text)
            assert " IS 0" not in text, (name, text)
            assert "LIMIT" not in text, (name, text)


def postgresql_insert(clause: sqlite.Insert) -> sa.ClauseElement:
    table = clause.table
    assert isinstance(table, sa.Table)
    text = str(clause.compile(dialect=DIALECTS["sqlite"]))
    if "DO NOTHING" in text:
        return statements.or_nothing("postgresql", table)
    return statements.or_replace("postgresql", table, tuple(column.name for column in table.columns))


def test_what_is_spelled_otherwise_for_sql_server() -> None:
    row = {"id": "r1", "pipeline": "p", "trigger_id": 4, "slot": 2.0, "ordinal": 0}
    text = str(statements.unless_there(run, row, (("id",), ("trigger_id", "slot", "ordinal"))).compile(dialect=SERVER))
    assert text.count("WITH (UPDLOCK, HOLDLOCK)") == 2
    assert text.count("NOT (EXISTS") == 2
    without_slot = {**row, "slot": None}
    text = str(
        statements.unless_there(run, without_slot, (("id",), ("trigger_id", "slot", "ordinal"))).compile(dialect=SERVER)
    )
    assert text.count("NOT (EXISTS") == 1
    text = str(statements.without_key(block_run).compile(dialect=SERVER))
    assert "run_id = :key_run_id AND" in text.replace("%(", ":").replace(")s", "")
    query = statements.locking(sa.select(run.c.id).limit(3), run, skip=True)
    assert "WITH (UPDLOCK, ROWLOCK, READPAST)" in str(query.compile(dialect=SERVER))
    assert "FOR UPDATE" in str(query.compile(dialect=DIALECTS["postgresql"]))
    assert "SKIP LOCKED" in str(query.compile(dialect=DIALECTS["postgresql"]))


def test_insert_unless_there_means_that(tmp_path: Path) -> None:
    # the words for SQL Server are plain enough to run here
    state = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    unique = (("id",), ("trigger_id", "slot", "ordinal"))
    with state.write() as connection:
        number = state.triggers.add(connection, TriggerRow("p", "t"))
        for name, slot, inserted in (("a", 1.0, 1), ("a", 2.0, 0), ("b", 1.0, 0), ("c", None, 1), ("d", None, 1)):
            row = statements.values_of(RunRow(name, "p", 1.0, trigger_id=number, slot=slot))
            assert connection.execute(statements.unless_there(run, row, unique)).rowcount == inserted
    state.close()


@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_every_table_compiles(dialect: str) -> None:
    for table in metadata.sorted_tables:
        text = str(CreateTable(table).compile(dialect=DIALECTS[dialect]))
        assert "VARCHAR(255)" not in text.replace("NVARCHAR(255)", "") or dialect == "mssql"
        for index in table.indexes:
            made = str(CreateIndex(index).compile(dialect=DIALECTS[dialect]))
            assert (" WHERE " in made) == (index.dialect_options["sqlite"]["where"] is not None)
    if dialect == "mssql":
        text = str(CreateTable(run).compile(dialect=SERVER))
        assert "id NVARCHAR(255) COLLATE Latin1_General_100_BIN2 NOT NULL" in text
        assert "variables NVARCHAR(max) NOT NULL" in text


def test_rows_and_tables_agree(state: State) -> None:
    rows = {
        "trigger": TriggerRow, "run": RunRow, "block_run": BlockRunRow, "backfill": BackfillRow, "hold": HoldRow,
        "alert": AlertRow, "node": NodeRow,
    }  # fmt: skip
    for name, kind in rows.items():
        columns = {column.name for column in metadata.tables[f"penstock_{name}"].columns}
        assert columns == set(kind.__dataclass_fields__)


def test_put_replaces_what_has_the_key(state: State) -> None:
    with state.write() as connection:
        state.nodes.put(connection, NodeRow("n", "server", "h", 1, 1.0, 1.0))
        state.nodes.put(connection, NodeRow("n", "both", "h", 2, 1.0, 5.0))
        state.nodes.put(connection, NodeRow("m", "scheduler", "h", 3, 2.0, 2.0))
        assert [(row.id, row.kind, row.pid) for row in state.nodes.all(connection)] == [
            ("n", "both", 2),
            ("m", "scheduler", 3),
        ]
        assert state.nodes.remove_unseen(connection, 3.0) == 1
        assert state.nodes.seen(connection, "n", 9.0)
        assert not state.nodes.seen(connection, "m", 9.0)
        assert state.nodes.remove(connection, "n")
        assert not state.nodes.remove(connection, "n")
        state.settings.put(connection, "a", "1")
        state.settings.put(connection, "a", "2")
        assert state.settings.get(connection, "a") == "2"
        assert state.settings.get(connection, "b", "none") == "none"


def test_a_changed_row_is_what_replacing_gives() -> None:
    row = BlockRunRow("r", "b", position=3, upstream=["a"])
    values = {"state": "completed", "ended_at": 2.5, "failure": {"kind": "x"}}
    assert changed(row, **values) == replace(row, **values)
    assert row == BlockRunRow("r", "b", position=3, upstream=["a"])
    with pytest.raises(TypeError):
        changed(row, no_such_column=1)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("version", "half of \ud800, zero \0"),
        ("version", "Größe"),
        ("waiting", {"since": 1.5, "text": "half of \ud800", "at": datetime(2026, 1, 1, tzinfo=UTC)}),
        ("waiting", None),
    ],
)
def test_sqlite_is_given_what_other_databases_are(column: str, value: object) -> None:
    kind = block_run.c[column].type
    assert isinstance(kind, sa.types.TypeDecorator)
    made = kind.bind_processor(sqlite.dialect())
    assert made is not None
    assert made(value) == kind.process_bind_param(value, postgresql.dialect())
