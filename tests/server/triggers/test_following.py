"""The triggers of a project are mirrored while the server answers; of a large one, nobody waits for that."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.model.errors import StateUnavailableError
from penstock.schedule.sync import TriggerSync
from penstock.server.hub import Hub
from penstock.server.triggers import following
from penstock.server.triggers.following import Following
from penstock.state.store import State, open_state
from tests.patience import PATIENCE


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    opened.close()


def project(tmp_path: Path, pipelines: int) -> Path:
    root = tmp_path / "project"
    for number in range(pipelines):
        folder = root / "pipelines" / f"p{number}"
        folder.mkdir(parents=True)
        (folder / "metadata.yaml").write_text(f"name: p{number}\ntype: python\nblocks: []\n")
        (folder / "triggers.yaml").write_text("- name: t\n  schedule_type: api\n  status: active\n")
    return root


def count(state: State) -> int:
    with state.read() as connection:
        return len(state.triggers.lines(connection))


def followed(state: State, root: Path, hub: Hub) -> Following:
    return Following(root, TriggerSync(state, root, time.time, environment=""), hub, lambda *_: None)


def test_of_many_nobody_waits_until_all_are_read(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(_many(state, tmp_path, monkeypatch))


async def _many(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MANY", 2)
    done = asyncio.Event()
    hub = Hub()
    hub.attach(asyncio.get_running_loop())
    found = followed(state, project(tmp_path, 30), hub)
    hub.hear(lambda _, event: done.set() if event["type"] == "triggers_changed" and found.reading is None else None)
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with state.write():  # nobody can mirror anything meanwhile
            held.set()
            free.wait(PATIENCE)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(PATIENCE)
    await found.start()
    found.refresh()  # comes back at once
    assert found.reading is not None
    assert found.reading.done == 0
    assert count(state) == 0
    free.set()
    holder.join()
    await asyncio.wait_for(done.wait(), 60)  # pages are told
    await found.close()
    assert count(state) == 30


def test_a_small_project_is_waited_for(state: State, tmp_path: Path) -> None:
    asyncio.run(_small(state, tmp_path))


async def _small(state: State, tmp_path: Path) -> None:
    found = followed(state, project(tmp_path, 3), Hub())
    await found.start()
    await asyncio.to_thread(found.refresh)
    assert found.reading is None
    assert count(state) == 3
    await found.close()


def test_a_database_that_was_away_is_asked_again_though_nobody_looks(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "AGAIN", 0.05)
    asyncio.run(_away(state, tmp_path))


async def _away(state: State, tmp_path: Path) -> None:
    hub = Hub()
    hub.attach(asyncio.get_running_loop())
    told, database, aside = asyncio.Event(), tmp_path / "state.db", tmp_path / "aside.db"
    hub.hear(lambda *_: told.set())
    found = followed(state, project(tmp_path, 3), hub)
    database.rename(aside)
    with pytest.raises(StateUnavailableError):
        await asyncio.to_thread(found.mirror, ["p0"])
    await found.start()
    assert found._task is not None
    await found._task  # the first look at the files fails
    assert not told.is_set()
    aside.rename(database)
    await asyncio.wait_for(told.wait(), PATIENCE)
    await found.close()
    assert count(state) == 3


def test_what_is_asked_for_by_name_need_not_wait_for_all(state: State, tmp_path: Path) -> None:
    """A trigger that somebody makes while thousands of files are read is there at once."""
    root = project(tmp_path, 3)
    sync = TriggerSync(state, root, time.time, environment="")
    sync.begin()
    assert sync.left == 3
    assert len(sync.pipelines(["p2"]).added) == 1
    assert count(state) == 1
    assert sync.step() is not None
    assert (sync.left, count(state)) == (0, 3)
    assert sync.step() is not None  # the last one looks at who waits for whom
    assert sync.step() is None
    again = TriggerSync(state, root, time.time, environment="")
    again.begin()
    assert again.left == 0  # files that are as they were are not read again
