"""Transactions of the store under everything that goes wrong: one clear error each, and nothing lost."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.model.errors import SettingInvalidError, StateConflictError, StateInvalidError, StateUnavailableError
from penstock.state import store
from penstock.state.rows import RunRow, TriggerRow
from penstock.state.run_list import RunFilter
from penstock.state.store import State, open_state
from penstock.state.tables import meta
from tests.patience import PATIENCE
from tests.read_only import read_only
from tests.servers import PostgresServer
from tests.state.conftest import postgres_url
from tests.wire import Wire


def count(state: State) -> int:
    with state.read() as connection:
        return len(state.runs.open(connection))


def test_a_transaction_that_raises_leaves_nothing(state: State) -> None:
    with pytest.raises(KeyError), state.write() as connection:  # noqa: PT012 - what was done before is the point
        state.runs.insert(connection, RunRow("a", "p", 1.0))
        raise KeyError("x")
    assert count(state) == 0
    with state.write() as connection:
        state.runs.insert(connection, RunRow("b", "p", 1.0))
    assert count(state) == 1


def test_an_error_of_the_caller_stays_its_own(state: State) -> None:
    with pytest.raises(FileNotFoundError), state.write():
        Path("/none/at/all").read_text()


@pytest.mark.parametrize(
    "text", ["zero \0 byte", "half \ud800 pair", "ü🙂", "'; DROP TABLE penstock_run; --", "%s %(x)s :y", "x" * 2**20]
)
def test_any_text_is_kept(state: State, text: str) -> None:
    row = RunRow(
        "r", "p", 1.0, error=text, failed_block=text[:100], variables={text[:50]: text, "nan": float("nan")}, what=text
    )
    with state.write() as connection:
        assert state.runs.insert(connection, row)
        assert state.runs.change(connection, "r", partition=text[:100])
    with state.read() as connection:
        found = state.runs.get(connection, "r")
        assert found is not None
        shown = text.replace("\0", "\\x00").replace("\ud800", "\\ud800")
        assert (found.error, found.what, found.failed_block) == (
            shown,
            shown,
            text[:100].replace("\0", "\\x00").replace("\ud800", "\\ud800"),
        )
        assert found.variables[text[:50]] == text
        page = state.runs.page(connection, RunFilter(partition=text[:100], text=text[:20]))
        assert [row.id for row in page.rows] == ["r"]


def test_a_contradiction_is_told(state: State) -> None:
    with pytest.raises(StateConflictError, match="contradicts"), state.write() as connection:  # noqa: PT012 - as above
        state.triggers.add(connection, TriggerRow("p", "t"))
        state.triggers.add(connection, TriggerRow("p", "t"))
    with state.read() as connection:
        assert state.triggers.all(connection) == []


def test_transactions_are_not_nested(state: State) -> None:
    with state.write(), pytest.raises(RuntimeError, match="inside another"), state.write():
        pass
    with state.write() as connection:
        assert state.runs.insert(connection, RunRow("a", "p", 1.0))


def test_readers_see_what_was_committed_and_block_nobody(state: State) -> None:
    with state.read() as reading:
        assert state.runs.open(reading) == []
        with state.write() as connection:
            state.runs.insert(connection, RunRow("a", "p", 1.0))
            with state.read() as other:
                assert state.runs.open(other) == []
    assert count(state) == 1


def increment(state: State) -> None:
    def once(connection: sa.Connection) -> None:
        query = sa.select(meta.c.value).where(meta.c.key == "counter").with_for_update()
        value = int(connection.execute(query).scalar_one())
        connection.execute(sa.update(meta).where(meta.c.key == "counter").values(value=str(value + 1)))

    state.transact(once)


def counted(state: State) -> int:
    with state.read() as connection:
        return int(state.settings.get(connection, "counter"))


def test_threads_write_one_after_the_other(state: State) -> None:
    with state.write() as connection:
        state.settings.put(connection, "counter", "0")
    threads = [threading.Thread(target=lambda: [increment(state) for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted(state) == 200


def write_much(url: str, number: int, rounds: int, start: object, told: object) -> None:
    """One of several writers: runs go in, are claimed, go on and end."""
    try:
        state = open_state(url)
        start.wait()
        for one in range(rounds):
            name = f"{number}-{one}"
            with state.write() as connection:
                assert state.runs.insert(connection, RunRow(name, f"p{number}", float(one)))
            with state.write() as connection:
                token = state.runs.claim(connection, name, str(number), now=1.0, until=9.0)
                assert token == 1
                assert state.runs.write(connection, name, token, state="running", started_at=1.0)
            increment(state)
            with state.write() as connection:
                assert state.runs.fence(connection, name, 1)
                assert state.runs.release(connection, name, 1, state="completed", ended_at=2.0, seconds=1.0)
            with state.read() as connection:
                assert state.runs.get(connection, name) is not None
        state.close()
    except BaseException as error:
        told.put(f"{type(error).__name__}: {error}")
        raise
    told.put("")


def test_eight_processes_write_at_once(state_url: str) -> None:
    """A share of what `python -m benchmarks.state_writers` does for a long while."""
    state = open_state(state_url)
    with state.write() as connection:
        state.settings.put(connection, "counter", "0")
    state.close()
    context = multiprocessing.get_context("fork")
    start, told = context.Barrier(8), context.Queue()
    writers = [context.Process(target=write_much, args=(state_url, number, 20, start, told)) for number in range(8)]
    for writer in writers:
        writer.start()
    assert [told.get(timeout=PATIENCE) for _ in writers] == [""] * 8
    for writer in writers:
        writer.join()
    state = open_state(state_url)
    with state.read() as connection:
        ended = state.runs.count_ended(connection, 1e9)
    assert (ended, counted(state)) == (160, 160)
    state.close()


def test_a_process_that_is_killed_leaves_whole_transactions(state_url: str) -> None:
    code = (
        "import os, signal, sys\nfrom penstock.state.rows import RunRow\nfrom penstock.state.store import open_state\n"
        "state = open_state(sys.argv[1])\n"
        "with state.write() as connection:\n    state.runs.insert(connection, RunRow('whole', 'p', 1.0))\n"
        "with state.write() as connection:\n    state.runs.insert(connection, RunRow('half', 'p', 1.0))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, state_url], check=False)
    assert done.returncode == -signal.SIGKILL
    state = open_state(state_url)
    with state.write() as connection:
        assert [row.id for row in state.runs.open(connection)] == ["whole"]
    state.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def on_sqlite(path: Path) -> Iterator[State]:
    opened = open_state(f"sqlite:///{path}")
    yield opened
    opened.close()


def test_a_foreign_program_that_holds_the_file_is_waited_for_and_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    state = open_state(f"sqlite:///{path}")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateUnavailableError, match="kept it locked for too long"), state.write():
            pass
        assert count(state) == 0  # reading goes on
        timer = threading.Timer(0.06, foreign.interrupt)
        timer.start()
        foreign.execute("COMMIT")
        with state.write() as connection:
            assert state.runs.insert(connection, RunRow("a", "p", 1.0))
        timer.join()
    state.close()


def test_a_lock_is_waited_for_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a transaction may be begun anew, and however many threads have waited before this one."""
    monkeypatch.setattr(store, "PATIENCE", 0.5)
    state = open_state(f"sqlite:///{path}")
    tries: list[str] = []
    told: list[str] = []
    begin = State.write
    monkeypatch.setattr(State, "write", lambda self: tries.append("") or begin(self))

    def write() -> None:
        with pytest.raises(StateUnavailableError) as caught:
            state.transact(lambda connection: state.settings.put(connection, "a", "1"))
        told.append(caught.value.message)

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN EXCLUSIVE")
        write()
        assert len(tries) == 1
        threads = [threading.Thread(target=write) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(told) == 7
    assert "another process has kept it locked for too long" in told[0]
    assert any("others in this process have waited for it" in each for each in told)
    state.close()


def test_a_full_disk_loses_nothing(on_sqlite: State) -> None:
    state = on_sqlite
    with state.write() as connection:
        state.runs.insert(connection, RunRow("before", "p", 1.0))
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")  # what a full disk says, SQLite says here
    with pytest.raises(StateUnavailableError, match="the disk is full") as caught, state.write() as connection:
        state.runs.insert_many(connection, [RunRow(f"r{one}", "p", 1.0, error="x" * 1000) for one in range(500)])
    assert "Free space" in caught.value.hint
    assert count(state) == 1
    with state.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        state.runs.insert_many(connection, [RunRow(f"r{one}", "p", 1.0, error="x" * 1000) for one in range(500)])
    assert count(state) == 501


@pytest.mark.parametrize("another", [False, True])
def test_a_file_that_was_moved_away_is_told(on_sqlite: State, path: Path, *, another: bool) -> None:
    aside = path.with_suffix(".aside")
    path.rename(aside)
    if another:
        path.touch()
    with pytest.raises(StateUnavailableError, match="moved, deleted or replaced"), on_sqlite.write() as connection:
        on_sqlite.runs.insert(connection, RunRow("a", "p", 1.0))
    aside.rename(path)
    with on_sqlite.write() as connection:
        assert on_sqlite.runs.insert(connection, RunRow("a", "p", 1.0))
    assert count(on_sqlite) == 1


def open_as_nobody(url: str, told: object) -> None:
    os.seteuid(65534)
    try:
        open_state(url)
    except StateUnavailableError as error:
        told.put((error.message, error.hint))
    else:
        told.put(("opened", ""))


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize("there", [False, True])
def test_a_folder_that_cannot_be_written_is_told(*, there: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        url = f"sqlite:///{folder}/state.db"
        if there:
            open_state(url).close()
        context = multiprocessing.get_context("fork")
        told = context.Queue()
        process = context.Process(target=open_as_nobody, args=(url, told))
        process.start()
        message, hint = told.get(timeout=PATIENCE)
        process.join()
    assert "read-only" in message or "cannot be opened" in message
    assert folder in message
    assert "PENSTOCK_DATABASE_URL" in hint


def test_a_file_that_is_put_back_is_gone_on_with(path: Path) -> None:
    """Also by connections that were made while it was away: none of them makes an empty one in its place."""
    state = open_state(f"sqlite:///{path}")
    with state.write() as connection:
        state.runs.insert(connection, RunRow("kept", "p", 1.0))
    state.close()
    away = path.rename(path.with_name("away"))
    for _ in range(3):
        with pytest.raises(StateUnavailableError, match="cannot be opened"):
            count(state)
        with pytest.raises(StateUnavailableError), state.write():
            pass
    assert not path.exists()
    away.rename(path)
    assert count(state) == 1
    state.close()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateUnavailableError, match=r"making the folder of the state database .*file/sub"):
        open_state(f"sqlite:///{tmp_path}/file/sub/state.db")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StateUnavailableError, match="cannot be opened"):
        open_state(f"sqlite:///{tmp_path}/folder.db")


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.write_bytes(b"name,price\n" * 1000)
    with pytest.raises(StateInvalidError, match="damaged or is no database") as caught:
        open_state(f"sqlite:///{path}")
    assert "Restore it" in caught.value.hint
    assert path.read_bytes() == b"name,price\n" * 1000


def test_a_damaged_file_is_told(path: Path) -> None:
    state = open_state(f"sqlite:///{path}")
    with state.write() as connection:
        state.runs.insert_many(connection, [RunRow(f"r{one}", "p", 1.0, error="x" * 2000) for one in range(500)])
    state.close()
    data = bytearray(path.read_bytes())
    data[8192 : len(data) - 4096] = b"\xff" * (len(data) - 4096 - 8192)
    path.write_bytes(data)
    with pytest.raises(StateInvalidError, match="damaged"):
        count(open_state(f"sqlite:///{path}"))


def test_someone_elses_database_is_shared_without_touching_it(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE block_run (id INTEGER)")
        theirs.execute("CREATE TABLE backfill (id INTEGER)")
        theirs.execute("CREATE TABLE alembic_version (version_num TEXT)")
        theirs.execute("INSERT INTO alembic_version VALUES ('abc')")
        theirs.commit()
    state = open_state(f"sqlite:///{path}")
    assert count(state) == 0
    state.close()
    with contextlib.closing(sqlite3.connect(path)) as theirs:
        assert theirs.execute("SELECT * FROM alembic_version").fetchall() == [("abc",)]
        names = {name for (name,) in theirs.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {name for name in names if not name.startswith(("penstock_", "sqlite_"))} == {
        "block_run", "backfill", "alembic_version",
    }  # fmt: skip


def test_a_server_that_goes_away_and_returns(wire: Wire, postgres_database: str) -> None:
    url = f"postgresql://postgres:secret-word@127.0.0.1:{wire.port}/{postgres_database}"
    state = open_state(url)
    with state.write() as connection:
        state.runs.insert(connection, RunRow("before", "p", 1.0))
    with pytest.raises(StateUnavailableError) as caught, state.write() as connection:  # noqa: PT012 - as above
        state.runs.insert(connection, RunRow("half", "p", 1.0))
        wire.cut()
    assert "secret-word" not in str(caught.value)
    for _ in range(3):
        with pytest.raises(StateUnavailableError, match="state database postgresql"), state.write() as connection:
            pass
        with pytest.raises(StateUnavailableError) as caught:
            count(state)
        assert "when it is back" in caught.value.hint
    with pytest.raises(StateUnavailableError, match="the state database"):
        open_state(url)
    wire.mend()
    with state.write() as connection:
        assert [row.id for row in state.runs.open(connection)] == ["before"]
        assert state.runs.insert(connection, RunRow("after", "p", 1.0))
    assert count(state) == 2
    state.close()


def test_a_reader_survives_a_server_that_ends_its_connection(
    postgres_server: PostgresServer, postgres_database: str
) -> None:
    import psycopg

    url = postgres_url(postgres_server, postgres_database)
    state = open_state(url)
    assert count(state) == 0
    with psycopg.connect(url, autocommit=True) as admin:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert admin.execute(query).fetchall()
    assert count(state) == 0  # noticed before the transaction begins
    state.close()


def test_two_that_wait_for_each_other_both_succeed(postgres_server: PostgresServer, postgres_database: str) -> None:
    state = open_state(postgres_url(postgres_server, postgres_database))
    with state.write() as connection:
        for name in ("a", "b"):
            state.settings.put(connection, name, "0")
    both = threading.Barrier(2)
    done: list[str] = []

    def work(first: str, second: str) -> None:
        tries: list[int] = []

        def once(connection: sa.Connection) -> None:
            state.settings.put(connection, first, first)
            if not tries:
                tries.append(1)
                both.wait()
            state.settings.put(connection, second, first)

        state.transact(once)
        done.append(first)

    threads = [threading.Thread(target=work, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["a", "b"]
    state.close()


@pytest.mark.parametrize(
    "url", ["", "x", "mysql://h/d", "sqlite://", "sqlite:///:memory:", "oracle://h/d", "http://h", "://", "sqlite"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingInvalidError, match="the address of the state database"):
        open_state(url)


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(StateUnavailableError, match="the state database postgresql") as caught:
        open_state(f"postgresql://u:secret-word@127.0.0.1:{port}/d")
    assert "secret-word" not in str(caught.value)


def test_options_of_a_server_reach_it(
    postgres_server: PostgresServer, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAGE_DATABASE_APPLICATION_NAME", "orders studio")
    monkeypatch.setenv("MAGE_DATABASE_LOCK_TIMEOUT_MS", "1234")
    monkeypatch.setenv("MAGE_DATABASE_POOL_SIZE", "2")
    state = open_state(postgres_url(postgres_server, postgres_database))
    with state.read() as connection:
        shown = [connection.execute(sa.text(f"SHOW {name}")).scalar() for name in ("application_name", "lock_timeout")]
        idle = connection.execute(sa.text("SHOW idle_in_transaction_session_timeout")).scalar()
    assert (shown, idle) == (["orders studio", "1234ms"], "2min")
    assert state._writer.pool.size() == 2
    state.close()


def test_a_server_that_was_read_only_is_written_again(postgres_server: PostgresServer, postgres_database: str) -> None:
    import psycopg

    url = postgres_url(postgres_server, postgres_database)
    state = open_state(url)
    with psycopg.connect(url, autocommit=True) as admin:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        admin.execute(f'ALTER DATABASE "{postgres_database}" SET default_transaction_read_only = on')
        admin.execute(f"SELECT pg_terminate_backend(pid) {others}")
        for _ in range(2):
            with pytest.raises(StateUnavailableError, match="read-only"), state.write() as connection:
                state.runs.insert(connection, RunRow("a", "p", 1.0))
        admin.execute("SET default_transaction_read_only = off")
        admin.execute(f'ALTER DATABASE "{postgres_database}" SET default_transaction_read_only = off')
    with state.write() as connection:
        assert state.runs.insert(connection, RunRow("b", "p", 1.0))
    state.close()


def test_a_file_that_was_read_only_is_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    state = open_state(f"sqlite:///{folder / 'state.db'}")
    with contextlib.closing(sqlite3.connect(folder / "state.db")) as other:  # who keeps its log ahead in place
        other.execute("SELECT count(*) FROM sqlite_master")
        state.close()
        with read_only(folder):
            for _ in range(2):
                with pytest.raises(StateUnavailableError, match="read-only"), state.write() as connection:
                    state.runs.insert(connection, RunRow("a", "p", 1.0))
        with state.write() as connection:
            assert state.runs.insert(connection, RunRow("b", "p", 1.0))
    state.close()
