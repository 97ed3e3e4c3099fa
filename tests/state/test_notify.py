"""Wake-ups between processes: real sockets, real processes, a real PostgreSQL."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.state import notify
from penstock.state.notify import MISSED, Notifier, tell
from tests.patience import PATIENCE
from tests.servers import PostgresServer, postgres
from tests.state.conftest import postgres_url

LISTEN = """
import sys, threading
from pathlib import Path
from penstock.state.notify import Notifier
over = threading.Event()
def heard(topic, text):
    print(topic, text, flush=True)
    if topic == "end":
        over.set()
listener = Notifier(Path(sys.argv[1]))
listener.listen(heard)
print("ready", flush=True)
over.wait()
listener.close()
"""

Messages = queue.Queue[tuple[str, str]]


@pytest.fixture
def heard() -> Messages:
    return queue.Queue()


@pytest.fixture
def listener(tmp_path: Path, heard: Messages) -> Iterator[Notifier]:
    made = Notifier(tmp_path)
    made.listen(lambda topic, text: heard.put((topic, text)))
    yield made
    made.close()


def files(folder: Path) -> list[str]:
    return sorted(path.suffix for path in (folder / notify.FOLDER).iterdir())


def listening(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", LISTEN, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_message_reaches_another_process(tmp_path: Path) -> None:
    process = listening(tmp_path)
    assert tell(tmp_path, "run", "run ä 1") == 1
    assert tell(tmp_path, "end") == 1
    assert process.communicate(timeout=PATIENCE)[0] == "run run ä 1\nend \n"
    assert files(tmp_path) == []


def test_a_killed_listener_is_cleaned_away(tmp_path: Path) -> None:
    process = listening(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert files(tmp_path) == [".sock"]
    assert tell(tmp_path, "run") == 0
    assert files(tmp_path) == []


@pytest.mark.parametrize("kind", ["unix", "loopback"])
def test_a_listener_whose_file_was_removed_makes_another(
    tmp_path: Path, heard: Messages, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, kind: str
) -> None:
    monkeypatch.setattr(notify, "_LOOK", 0.05)
    if kind == "loopback":
        request.getfixturevalue("no_unix_sockets")
    made = Notifier(tmp_path)
    made.listen(lambda topic, text: heard.put((topic, text)))
    shutil.rmtree(tmp_path / notify.FOLDER)
    assert heard.get(timeout=PATIENCE) == (MISSED, "")
    assert tell(tmp_path, "run", "x") == 1
    assert heard.get(timeout=PATIENCE) == ("run", "x")
    made.close()
    assert files(tmp_path) == []


def test_a_data_folder_that_is_away_is_not_made_by_a_listener(
    tmp_path: Path, heard: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "_LOOK", 0.05)
    looked = threading.Semaphore(0)
    bound_anew = Notifier._bound_anew
    monkeypatch.setattr(Notifier, "_bound_anew", lambda *given: (bound_anew(*given), looked.release())[0])
    data = tmp_path / "data"
    made = Notifier(data)
    made.listen(lambda topic, text: heard.put((topic, text)))
    data.rename(tmp_path / "aside")
    for _ in range(3):
        assert looked.acquire(timeout=PATIENCE)
    assert not data.exists()
    (tmp_path / "aside").rename(data)
    assert tell(data, "run", "x") == 1
    assert heard.get(timeout=PATIENCE) == ("run", "x")
    made.close()


def test_what_an_earlier_start_of_the_machine_left_is_swept_away(tmp_path: Path, heard: Messages) -> None:
    folder = tmp_path / notify.FOLDER
    folder.mkdir()
    (folder / f"{notify._node()}-00000000-17-ab.sock").touch()
    (folder / "another0-00000000-17-ab.sock").touch()
    made = Notifier(tmp_path)
    made.listen(lambda topic, text: heard.put((topic, text)))
    names = [path.name for path in folder.iterdir()]
    made.close()
    assert len(names) == 2
    assert "another0-00000000-17-ab.sock" in names


def test_a_deep_folder_is_no_obstacle(tmp_path: Path, heard: Messages) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    made = Notifier(deep)
    made.listen(lambda topic, text: heard.put((topic, text)))
    assert tell(deep, "run", "x") == 1
    assert heard.get(timeout=PATIENCE) == ("run", "x")
    assert files(deep) == [".sock"]
    made.close()


def test_nothing_is_lost_when_many_tell_at_once(tmp_path: Path, listener: Notifier, heard: Messages) -> None:
    for number in range(500):
        assert tell(tmp_path, "run", str(number)) == 1
    assert [heard.get(timeout=PATIENCE)[1] for _ in range(500)] == [str(number) for number in range(500)]


def test_who_was_too_busy_to_listen_is_told_that_something_was_missed(tmp_path: Path, heard: Messages) -> None:
    busy = threading.Event()

    def callback(topic: str, text: str) -> None:
        assert busy.wait(PATIENCE)
        heard.put((topic, text))

    made = Notifier(tmp_path)
    made.listen(callback)
    while tell(tmp_path, "run", "one of many"):
        pass  # the queue of a socket takes some
    busy.set()
    told = heard.get(timeout=PATIENCE)
    while told != (MISSED, ""):
        told = heard.get(timeout=PATIENCE)
    assert tell(tmp_path, "run", "the last") == 1
    while told != ("run", "the last"):
        told = heard.get(timeout=PATIENCE)
    made.close()
    assert files(tmp_path) == []


def test_what_this_process_says_itself_is_heard_at_once_and_once(tmp_path: Path, heard: Messages) -> None:
    threads: list[int] = []
    made, beside = Notifier(tmp_path), Notifier(tmp_path)
    made.listen(lambda topic, text: threads.append(threading.get_ident()) or heard.put((topic, text)))
    others: Messages = queue.Queue()
    beside.listen(lambda topic, text: others.put((topic, text)))
    made.publish("run", "x")
    assert threads == [threading.get_ident()]
    assert tell(tmp_path, "run", "y") == 2  # comes after what would have come back over the socket
    assert [heard.get(timeout=PATIENCE)[1] for _ in range(2)] == ["x", "y"]
    made.close()
    made.publish("run", "z")
    assert [others.get(timeout=PATIENCE)[1] for _ in range(3)] == ["x", "y", "z"]
    assert heard.empty()
    beside.close()


def test_nobody_listens(tmp_path: Path) -> None:
    assert tell(tmp_path / "not there", "run") == 0
    Notifier(tmp_path).publish("run", "x")


def test_a_message_that_is_too_long_is_refused(tmp_path: Path, listener: Notifier) -> None:
    with pytest.raises(ValueError, match="4000 at most"):
        listener.publish("run", "x" * 4000)


@pytest.fixture
def no_unix_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> socket.socket:
        raise OSError("this file system holds no sockets")

    monkeypatch.setattr(notify, "_bound_unix", refused)


def test_loopback_where_unix_sockets_are_missing(no_unix_sockets: None, tmp_path: Path, heard: Messages) -> None:
    made = Notifier(tmp_path)
    made.listen(lambda topic, text: heard.put((topic, text)))
    [path] = (tmp_path / notify.FOLDER).iterdir()
    assert path.suffix == ".udp"
    assert path.stat().st_mode & 0o777 == 0o600
    # somebody else on this machine who does not know the secret is not heard
    port = int(path.read_bytes().split()[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"guess run\0forged", ("127.0.0.1", port))
    assert tell(tmp_path, "run", "x") == 1
    assert heard.get(timeout=PATIENCE) == ("run", "x")
    made.close()
    assert files(tmp_path) == []


def test_loopback_of_a_dead_process_is_cleaned_away(no_unix_sockets: None, tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / notify.FOLDER).mkdir()
    (tmp_path / notify.FOLDER / f"{notify._machine()}{ended.pid}-ab.udp").write_bytes(b"%d 9 secret" % ended.pid)
    assert tell(tmp_path, "run") == 0
    assert files(tmp_path) == []


def test_a_message_crosses_machines_over_postgres(
    tmp_path: Path, postgres_server: PostgresServer, postgres_database: str, heard: Messages
) -> None:
    url = postgres_url(postgres_server, postgres_database)
    here, there = Notifier(tmp_path / "here", url), Notifier(tmp_path / "there", url)
    here.listen(lambda topic, text: heard.put((topic, text)))
    while heard.empty():  # until it listens, a message goes nowhere
        there.publish("first")
        try:
            heard.get(timeout=0.1)
        except queue.Empty:
            continue
        break
    there.publish("run", "line\nbreak")
    received = heard.get(timeout=PATIENCE)
    while received[0] == "first":
        received = heard.get(timeout=PATIENCE)
    assert received == ("run", "line\nbreak")
    # what runs on the same machine, without a database, is heard as well
    assert tell(tmp_path / "here", "run", "near") == 1
    assert heard.get(timeout=PATIENCE) == ("run", "near")
    here.close()
    there.close()


def test_a_listener_says_that_it_may_have_missed_something(
    tmp_path: Path, postgres_server: PostgresServer, postgres_database: str, heard: Messages
) -> None:
    import psycopg

    url = postgres_url(postgres_server, postgres_database)
    made = Notifier(tmp_path, url)
    made.listen(lambda topic, text: heard.put((topic, text)))
    with psycopg.connect(url, autocommit=True) as admin:
        query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query = 'LISTEN penstock' AND datname = current_database()"
        while admin.execute(query).fetchone() == (0,):
            pass
    assert heard.get(timeout=PATIENCE) == (MISSED, "")
    made.publish("run", "again")
    assert heard.get(timeout=PATIENCE) == ("run", "again")
    made.close()


def test_no_database_is_no_error_for_who_sends(tmp_path: Path, heard: Messages) -> None:
    with postgres() as server:
        made = Notifier(tmp_path, postgres_url(server, "postgres"))
        made.publish("run", "1")
        os.kill(server.pid, signal.SIGKILL)
    made.listen(lambda topic, text: heard.put((topic, text)))
    made.publish("run", "2")
    assert heard.get(timeout=PATIENCE) == ("run", "2")
    made.close()


def test_telling_loads_nothing_heavy() -> None:
    code = "import sys, penstock.state.notify; print(sorted({'sqlalchemy', 'alembic', 'psycopg', 'sqlite3'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
