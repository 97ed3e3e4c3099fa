"""Both ways in which a server learns of changes on disk, over real files."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penstock.server.projects import changes as module
from penstock.server.projects.changes import Stop
from tests.patience import PATIENCE

Watch = Callable[[list[str], Callable[[str], bool], Stop], Iterator[set[str]]]


@pytest.fixture(params=["_told_by_kernel", "_looked_for"])
def watch(request: pytest.FixtureRequest) -> Watch:
    found: Watch = getattr(module, request.param)
    return found


class Watching:
    """A watch in a thread of its own, as a server has it."""

    def __init__(self, watch: Watch, folders: list[Path], wanted: Callable[[str], bool] = lambda _path: True) -> None:
        self.stop = Stop()
        self.told: queue.Queue[set[str] | Exception | None] = queue.Queue()
        self._watch, self._folders, self._wanted = watch, [str(folder) for folder in folders], wanted
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            for paths in self._watch(self._folders, self._wanted, self.stop):
                self.told.put(paths)
        except (OSError, RuntimeError) as error:
            self.told.put(error)
        self.told.put(None)

    def next(self) -> set[str] | Exception | None:
        return self.told.get(timeout=PATIENCE)

    def until(self, path: Path) -> None:
        while True:
            paths = self.next()
            assert isinstance(paths, set), paths
            if str(path) in paths:
                return

    def end(self) -> None:
        self.stop.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()
        self.stop.close()


def test_files_that_come_change_move_and_go_are_told(watch: Watch, tmp_path: Path) -> None:
    watching = Watching(watch, [tmp_path])
    assert watching.next() == set()
    file, other = tmp_path / "a block é.py", tmp_path / "other.py"
    file.write_text("1")
    watching.until(file)
    with file.open("a") as opened:
        opened.write("2")
        opened.flush()
        watching.until(file)
    file.rename(other)
    watching.until(other)
    other.unlink()
    watching.until(other)
    watching.end()


def test_only_what_is_wanted_and_only_in_the_folders_themselves(watch: Watch, tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    watching = Watching(watch, [tmp_path], lambda path: not path.endswith(".tmp"))
    assert watching.next() == set()
    (below / "deep.py").write_text("1")
    (tmp_path / "x.tmp").write_text("1")
    (tmp_path / "x.py").write_text("1")
    told = watching.next()
    assert isinstance(told, set)
    assert str(tmp_path / "x.py") in told
    assert not {str(below / "deep.py"), str(tmp_path / "x.tmp")} & told
    watching.end()


def test_an_end_wakes_a_watch_that_waits(watch: Watch, tmp_path: Path) -> None:
    watching = Watching(watch, [tmp_path])
    assert watching.next() == set()
    watching.end()
    assert watching.next() is None


def test_a_folder_that_is_gone_is_an_error(watch: Watch, tmp_path: Path) -> None:
    watching = Watching(watch, [tmp_path / "gone"])
    assert isinstance(watching.next(), OSError | RuntimeError)
    watching.end()


def test_a_folder_that_goes_is_told(watch: Watch, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    watching = Watching(watch, [tmp_path, folder])
    assert watching.next() == set()
    folder.rmdir()
    watching.until(folder)
    watching.end()
