"""A store of any age becomes one of this version, once, whoever opens it first."""

from __future__ import annotations

import multiprocessing
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import mssql
from sqlalchemy.schema import CreateIndex

from penstock.model.errors import StateInvalidError
from penstock.state import migrate
from penstock.state.rows import RunRow, TriggerRow
from penstock.state.store import open_state
from penstock.state.tables import metadata
from tests.patience import PATIENCE

FOLDER = Path(migrate.__file__).with_name("revisions")

NEXT = '''
"""A revision of tomorrow."""
import sqlalchemy as sa
from alembic import op
revision = "0004"
down_revision = "0003"
def upgrade():
    op.add_column("penstock_run", sa.Column("mood", sa.UnicodeText()))
    op.execute("UPDATE penstock_run SET mood = 'calm'")
def downgrade():
    with op.batch_alter_table("penstock_run") as table:
        table.drop_column("mood")
'''


@pytest.fixture
def tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """This version of Penstock, with one revision more."""
    folder = tmp_path / "revisions"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "r0004_mood.py").write_text(NEXT)
    monkeypatch.setattr(migrate, "_FOLDER", folder)
    monkeypatch.setattr(migrate, "HEAD", "0004")
    return monkeypatch


def test_the_newest_revision_is_the_last_in_the_folder() -> None:
    assert max(path.name for path in FOLDER.glob("r*.py")).startswith(f"r{migrate.HEAD}_")


def words(of: sa.types.TypeEngine[object], context: MigrationContext) -> str:
    return of.compile(dialect=context.dialect).replace("DOUBLE PRECISION", "DOUBLE")


def test_revisions_make_the_tables_that_queries_expect(state_url: str) -> None:
    state = open_state(state_url)
    with state._writer.connect() as connection:
        options = {
            "include_object": lambda _, name, kind, *rest: kind != "table" or name != migrate.VERSION_TABLE,
            "compare_type": lambda context, *rest: words(rest[2], context) != words(rest[3], context),
        }
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    state.close()
    assert differences == []


def test_revisions_make_exactly_these_tables_on_sqlite(tmp_path: Path) -> None:
    def schema(path: Path) -> list[str]:
        with sqlite3.connect(path) as connection:
            found = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name LIKE '%penstock%'")
            return sorted(
                "".join(text.split()).replace("CONSTRAINTpk_penstock_", "")
                for (text,) in found
                if migrate.VERSION_TABLE not in text
            )

    open_state(f"sqlite:///{tmp_path / 'one.db'}").close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'two.db'}")
    metadata.create_all(engine)
    engine.dispose()
    assert schema(tmp_path / "one.db") == schema(tmp_path / "two.db")


def test_revisions_make_exactly_these_tables_on_sql_server() -> None:
    """Compiled, not run: no such server is here."""

    def emitted(work: object) -> list[str]:
        texts: list[str] = []
        engine = sa.create_mock_engine(
            "mssql+pyodbc://",
            lambda clause, *_, **__: texts.append("".join(str(clause.compile(dialect=dialect)).split())),
        )
        work(engine)
        return sorted(texts)

    dialect = mssql.dialect(deprecate_large_types=True)

    def upgraded(engine: object) -> None:
        from penstock.state.revisions import r0001_first, r0002_sums, r0003_ended

        context = MigrationContext.configure(dialect=dialect, opts={"as_sql": True, "output_buffer": buffer})
        with Operations.context(context):
            r0001_first.upgrade()
            r0002_sums.upgrade()
            r0003_ended.upgrade()

    import io

    buffer = io.StringIO()
    upgraded(None)
    made: dict[str, None] = {}
    for statement in buffer.getvalue().split(";"):
        text = "".join(statement.split()).removesuffix("GO").removeprefix("GO")
        if text.startswith("DROPINDEX"):
            name = text.removeprefix("DROPINDEX").partition("ON")[0]
            del made[next(each for each in made if each.startswith(f"CREATEINDEX{name}ON"))]
        elif text:
            made[text] = None
    wanted = emitted(lambda engine: metadata.create_all(engine, checkfirst=False))
    assert {text for text in made if "TABLE" in text} == {text for text in wanted if "CREATETABLE" in text}
    assert {text for text in made if "INDEX" in text} == {text for text in wanted if "INDEX" in text}
    # SQL Server takes two empty values of a unique index for the same: runs without a trigger must stay out of it
    slots = "CREATEUNIQUEINDEXix_penstock_run_slotONpenstock_run(trigger_id,slot,ordinal)"
    assert slots + "WHEREtrigger_idISNOTNULLANDslotISNOTNULL" in made


def test_indexes_of_part_of_a_table_keep_to_what_sql_server_can_filter_by() -> None:
    """Comparisons and IS NULL, joined by AND: no OR, no functions."""
    dialect = mssql.dialect(deprecate_large_types=True)
    compiled = [
        str(CreateIndex(index).compile(dialect=dialect))
        for table in metadata.tables.values()
        for index in table.indexes
    ]
    conditions = [text.partition(" WHERE ")[2] for text in compiled if " WHERE " in text]
    assert len(conditions) > 3
    for condition in conditions:
        for part in condition.split(" AND "):
            assert re.fullmatch(r"\w+ (IS( NOT)? NULL|(=|<>|<|>|<=|>=) \S+|IN \([^()]*\))", part), condition


def test_runs_without_a_trigger_may_have_the_same_slot(state_url: str) -> None:
    """The runs of two backfills are numbered from 0 each."""
    state = open_state(state_url)
    rows = [RunRow(f"r{one}", "p", 1.0, backfill_id=None, slot=0.0) for one in range(3)]
    with state.write() as connection:
        assert state.runs.insert_many(connection, rows) == {"r0", "r1", "r2"}
    state.close()


def test_a_store_of_an_older_version_keeps_its_rows(state_url: str, tomorrow: pytest.MonkeyPatch) -> None:
    tomorrow.setattr(migrate, "HEAD", "0003")
    with (old := open_state(state_url)).write() as connection:
        number = old.triggers.add(connection, TriggerRow("p", "t"))
        old.runs.insert_many(
            connection, [RunRow(f"r{one}", "p", 1.0, trigger_id=number, slot=float(one)) for one in range(50)]
        )
    old.close()
    tomorrow.setattr(migrate, "HEAD", "0004")
    state = open_state(state_url)
    with state.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM penstock_run WHERE mood = 'calm'")).scalar() == 50
        assert migrate.revision(connection) == "0004"
    with state.write() as connection:
        migrate.downgrade(connection, "0003")
        assert migrate.revision(connection) == "0003"
    state.close()
    tomorrow.setattr(migrate, "HEAD", "0003")
    again = open_state(state_url)
    with again.write() as connection:
        assert len(again.runs.open(connection)) == 50
        assert not again.runs.insert(connection, RunRow("r99", "p", 1.0, trigger_id=number, slot=7.0))
    again.close()


def test_a_store_of_a_newer_version_is_left_alone(state_url: str, tomorrow: pytest.MonkeyPatch) -> None:
    open_state(state_url).close()
    tomorrow.undo()
    with pytest.raises(StateInvalidError, match="revision 0004, of a newer version") as caught:
        open_state(state_url)
    assert "PENSTOCK_DATABASE_URL" in caught.value.hint


def test_a_revision_that_fails_changes_nothing(state_url: str, tomorrow: pytest.MonkeyPatch) -> None:
    file = migrate._FOLDER / "r0004_mood.py"
    file.write_text(NEXT.replace("SET mood", "SET nonsense"))
    with pytest.raises(Exception, match="nonsense"):
        open_state(state_url)
    file.write_text(NEXT)
    state = open_state(state_url)
    with state.read() as connection:
        assert migrate.revision(connection) == "0004"
    state.close()


def open_and_say(url: str, start: object, told: object) -> None:
    start.wait()
    try:
        state = open_state(url)
        with state.write() as connection:
            state.settings.put(connection, "last", "x")
        state.close()
    except BaseException as error:
        told.put(repr(error))
        raise
    told.put("")


def test_many_processes_open_a_new_store_at_once(state_url: str) -> None:
    context = multiprocessing.get_context("fork")
    start, told = context.Barrier(6), context.Queue()
    processes = [context.Process(target=open_and_say, args=(state_url, start, told)) for _ in range(6)]
    for process in processes:
        process.start()
    assert [told.get(timeout=PATIENCE) for _ in processes] == [""] * 6
    for process in processes:
        process.join()


def test_down_to_nothing(state_url: str) -> None:
    state = open_state(state_url)
    with state.write() as connection:
        migrate.downgrade(connection, "base")
        assert [name for name in sa.inspect(connection).get_table_names() if name != migrate.VERSION_TABLE] == []
    state.close()
    open_state(state_url).close()
