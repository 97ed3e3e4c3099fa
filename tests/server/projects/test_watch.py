from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.project import open_project
from penstock.server.projects.watch import Watcher
from penstock.server.projects.workspace import Workspace
from penstock.server.studio import ProjectDoor
from tests.patience import PATIENCE
from tests.project.golden import copy


class Ear:
    """Hears what is published, in order; asks for one event at a time."""

    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self.all: list[tuple[str, dict[str, Any]]] = []

    def publish(self, topics: Any, event: dict[str, Any]) -> None:
        for topic in (topics,) if isinstance(topics, str) else topics:
            self.heard.put((topic, event))

    def until(self, wanted: Callable[[str, dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while True:
            topic, event = self.heard.get(timeout=max(0.01, end - time.monotonic()))
            self.all.append((topic, event))
            if wanted(topic, event):
                return event

    def file(self, path: str, revision: Any = ...) -> dict[str, Any]:
        def fits(_topic: str, event: dict[str, Any]) -> bool:
            told = {each["path"]: each["revision"] for each in event.get("paths", ())}
            return path in told and (revision is ... or told[path] == revision)

        return self.until(fits)


@pytest.fixture
def watched(tmp_path: Path, data_dir: Path) -> Iterator[tuple[Workspace, Ear]]:
    ear = Ear()
    root = copy("good", tmp_path)
    workspace = Workspace(ProjectDoor(open_project(root)), ear.publish)
    workspace.announcer.begin()
    workspace.watcher.start()
    _ready(root, ear)
    yield workspace, ear
    workspace.watcher.close()


def _ready(root: Path, ear: Ear) -> None:
    """Until the watch stands: a file is written anew until it is heard of."""
    for number in itertools.count():
        (root / "ready.txt").write_text(str(number))
        try:
            ear.heard.get(timeout=0.05)
        except queue.Empty:
            continue
        break
    (root / "ready.txt").unlink()
    ear.file("ready.txt", None)


def test_a_change_by_another_program_is_told_with_its_text(watched: tuple[Workspace, Ear]) -> None:
    workspace, ear = watched
    (workspace.root / "transformers/join.py").write_text("# other\n")
    event = ear.until(lambda topic, event: topic == "pipeline:orders" and event["type"] == "content_changed")
    assert (event["block"], event["content"]) == ("join", "# other\n")
    (workspace.root / "transformers/join.py").unlink()
    ear.file("transformers/join.py", None)
    assert _next_text(ear) == ("join", "", None)


def _next_text(ear: Ear) -> tuple[str, str, str | None]:
    """What the next event says of the text of a block: block, revision, text."""
    event = ear.until(lambda topic, event: topic == "pipeline:orders" and event["type"] == "content_changed")
    return event["block"], event["content_revision"], event.get("content")


def test_a_file_that_goes_and_comes_back_is_told_to_those_who_look_at_its_block(watched: tuple[Workspace, Ear]) -> None:
    workspace, ear = watched
    file = workspace.root / "transformers/join.py"
    file.unlink()
    assert _next_text(ear) == ("join", "", None)
    detail = next(block for block in workspace.detail("orders").blocks if block.uuid == "join")
    assert (detail.content, detail.file, detail.content_revision) == (None, None, "")
    # The pipeline is read anew meanwhile: what it lacks is known of it.
    pipeline = workspace.root / "pipelines/orders/metadata.yaml"
    pipeline.write_text(pipeline.read_text() + "# more\n")
    ear.until(lambda _topic, event: event["type"] == "pipeline_changed")
    file.write_text("# back\n")
    block, revision, content = _next_text(ear)
    assert (block, content, len(revision)) == ("join", "# back\n", 64)


def test_what_a_page_was_shown_between_two_changes_that_come_as_one_is_told(tmp_path: Path) -> None:
    ear = Ear()
    workspace = Workspace(ProjectDoor(open_project(copy("good", tmp_path))), ear.publish)
    workspace.announcer.begin()
    file = workspace.root / "transformers/join.py"
    text = file.read_text()
    file.unlink()
    workspace.announcer.tell([file])
    assert _next_text(ear) == ("join", "", None)
    # It comes back and goes again before the watch is heard; a page has been given its text meanwhile.
    file.write_text(text)
    assert next(block for block in workspace.detail("orders").blocks if block.uuid == "join").content == text
    file.unlink()
    workspace.announcer.tell([file])
    assert _next_text(ear) == ("join", "", None)
    workspace.announcer.tell([file])
    assert ear.heard.empty()


def test_a_folder_that_is_moved_away_takes_the_texts_of_its_blocks(watched: tuple[Workspace, Ear]) -> None:
    workspace, ear = watched
    folder = workspace.root / "transformers"
    text = (folder / "join.py").read_text()
    folder.rename(workspace.root / "aside")
    ear.until(lambda _topic, event: event.get("block") == "join" and event["content_revision"] == "")
    (workspace.root / "aside").rename(folder)
    ear.until(lambda _topic, event: event.get("block") == "join" and event.get("content") == text)


def test_a_changed_a_new_and_a_gone_pipeline(watched: tuple[Workspace, Ear]) -> None:
    workspace, ear = watched
    file = workspace.root / "pipelines/orders/metadata.yaml"
    file.write_text(file.read_text() + "# more\n")
    event = ear.until(lambda topic, event: topic == "pipeline:orders" and event["type"] == "pipeline_changed")
    assert event["revision"] == workspace.project().read("orders").file.revision
    new = workspace.root / "pipelines/new/metadata.yaml"
    new.parent.mkdir()
    new.write_text("name: new\ntype: python\nblocks: []\n")
    ear.until(lambda _topic, event: event["type"] == "pipelines_changed" and "new" in event["uuids"])
    (workspace.root / "pipelines/new").rename(workspace.root / "pipelines/newer")
    ear.until(lambda _topic, event: event["type"] == "pipelines_changed" and "newer" in event["uuids"])


def test_files_in_new_folders_are_seen(watched: tuple[Workspace, Ear]) -> None:
    workspace, ear = watched
    folder = workspace.root / "custom/a/b"
    folder.mkdir(parents=True)
    (folder / "first.py").write_text("x = 1\n")
    ear.file("custom/a/b/first.py")
    (folder / "second.py").write_text("x = 2\n")
    ear.file("custom/a/b/second.py")


def test_our_own_writes_are_told_at_once_and_only_once(watched: tuple[Workspace, Ear]) -> None:
    workspace, ear = watched
    text = workspace.contents.read("transformers/join.py")
    saved = workspace.contents.save("transformers/join.py", "# mine\n", text.revision)
    said = [ear.heard.get_nowait() for _ in range(ear.heard.qsize())]
    ear.all += said
    told = [event["paths"] for topic, event in said if topic == "project" and "join.py" in str(event)]
    assert told == [[{"path": "transformers/join.py", "revision": saved.revision}]]
    ear.all.clear()
    (workspace.root / "marker.txt").write_text("x")
    ear.file("marker.txt")
    told = [each for _, event in ear.all for each in event.get("paths", ()) if each["path"] == "transformers/join.py"]
    assert told == []


def test_what_is_nobodys_work_is_not_told(watched: tuple[Workspace, Ear]) -> None:
    workspace, ear = watched
    root = workspace.root
    for name in (".git/index", "__pycache__/a.pyc", "node_modules/x/y.js", ".venv/lib/z.py", "utils/__pycache__/m.pyc"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")
    (root / "transformers/.join.py.swp").write_text("x")
    (root / "transformers/join.py~").write_text("x")
    (root / "marker.txt").write_text("x")
    ear.file("marker.txt")
    (root / "marker2.txt").write_text("x")
    ear.file("marker2.txt")
    paths = {each["path"] for _, event in ear.all for each in event.get("paths", ())}
    ours = ("marker", "ready")
    assert {path for path in paths if not path.startswith(ours)} <= {"utils", "transformers"}


def test_a_thousand_files_at_once_make_few_events(
    watched: tuple[Workspace, Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, ear = watched
    folder = workspace.root / "utils"
    # However long writing them takes: they are all there before the watcher tells of the first.
    there, tell = threading.Event(), workspace.announcer.tell
    monkeypatch.setattr(workspace.watcher, "_tell", lambda paths: (there.wait(PATIENCE), tell(paths)))
    for number in range(1000):
        (folder / f"m{number}.py").write_text(f"x = {number}\n")
    there.set()
    seen: set[str] = set()

    def complete(_topic: str, event: dict[str, Any]) -> bool:
        seen.update(each["path"] for each in event.get("paths", ()))
        return len({path for path in seen if path.startswith("utils/m")}) >= 1000

    ear.until(complete)
    assert len([event for _, event in ear.all if event["type"] == "files_changed"]) < 20


@pytest.mark.parametrize("lost", [False, True])
def test_a_thread_that_stands_still_between_seeing_and_looking_misses_nothing(
    watched: tuple[Workspace, Ear], monkeypatch: pytest.MonkeyPatch, *, lost: bool
) -> None:
    """A minute passes between the last that is seen and the moment in which the watch is given up to begin anew."""
    workspace, _ = watched
    workspace.watcher.close()
    slow = Watcher(workspace.root, lambda _path: False, lambda _paths: None, lambda _text: None)
    file, later = workspace.root / "utils/missed.py", 0.0
    now = time.time

    def changes(*_given: object) -> Iterator[set[str]]:
        nonlocal later
        yield set()
        yield {str(workspace.root / "utils/first.py")}
        file.write_text("x = 1\n")  # nobody is told of it
        later = 60.0
        if not lost:  # a folder has come: the watch begins anew
            (workspace.root / "newer").mkdir()
            yield {str(workspace.root / "newer")}

    monkeypatch.setattr("penstock.server.projects.watch.changes", changes)
    monkeypatch.setattr("penstock.server.projects.watch.time.time", lambda: now() + later)
    folders = list(slow._folders())
    slow._known = set(folders)
    since = slow._follow(folders, now())
    assert since <= file.stat().st_ctime


def test_a_file_that_goes_while_it_is_looked_at_hides_no_other(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"m{number:02}.py").write_text("")
    told: set[str] = set()

    def private(path: Path) -> bool:
        if path.name in {"m00.py", "m10.py", "m19.py"}:
            path.unlink()  # by somebody else, in this moment
        return False

    watcher = Watcher(tmp_path, private, lambda paths: told.update(path.name for path in paths), lambda _text: None)
    watcher._catch_up(0.0, [str(tmp_path)])
    assert {f"m{number:02}.py" for number in range(20)} - told == {"m00.py", "m10.py", "m19.py"}
