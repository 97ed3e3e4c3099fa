"""Stream mode in a running server: children on the page of a run as they come, and a server that is killed meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.data import ProductStore
from penstock.project import open_project
from tests.cli.projects import B, write_project
from tests.server.running import Server, start
from tests.walks.called import call, ended, make_callable, stored
from tests.walks.schedulers import wait_for

STREAM = {"dynamic": {"parent": True, "modes": [{"type": "stream"}]}}
USERS = """
import os, pathlib, time
notes = pathlib.Path(kwargs["repo_path"], "notes")
with open(notes / "begun", "a") as file:
    file.write(f"{kwargs['go']} {os.getpid()}\\n")
again = sum(line.startswith(kwargs["go"] + " ") for line in open(notes / "begun")) > 1
yield [[10, 20], [{}, {}]] if again else [[1, 2, 3, 4], [{"block_uuid": name} for name in ("0", "1", "gone", "too")]]
while not (notes / kwargs["go"]).exists():
    time.sleep(0.02)
yield [[30], [{}]]
"""
EACH = """
import pathlib, time
notes = pathlib.Path(kwargs["repo_path"], "notes")
with open(notes / "ran", "a") as file:
    file.write(f"{kwargs['go']} {args[0]}\\n")
while args[0] == 2:
    time.sleep(0.02)
return args[0]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    home = tmp_path_factory.mktemp("streams")
    blocks = [
        B("users", "data_loader", USERS, configuration=STREAM),
        B("each", "transformer", EACH, ("users",), configuration={"reduce_output": True}),
        B("all", "data_exporter", "return {'all': args[0]}", ("each",)),
    ]
    root = write_project(home / "project", people=blocks)
    make_callable(root, "people")
    patch = pytest.MonkeyPatch()
    patch.setenv("PENSTOCK_DATA_DIR", str(home / "data"))
    yield root, home
    patch.undo()


def lines(root: Path, name: str, go: str) -> list[str]:
    file = root / "notes" / name
    found = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [words[1] for words in found if words[0] == go]


def blocks(server: Server, run: str) -> dict[str, Any]:
    return {one["block"]: one for one in server.get(f"/api/runs/{run}")["blocks"]}


def states(server: Server, run: str) -> dict[str, str]:
    return {name: one["state"] for name, one in blocks(server, run).items()}


def parts(root: Path) -> list[Path]:
    folder = ProductStore(open_project(root).store_root()).root / "parts"
    return [path for path in folder.rglob("*") if path.is_file()]


def asks_studio(server: Server, go: str) -> str:
    return str(server.post("/api/pipelines/people/runs", {"variables": {"go": go}})["run"]["run"])


def asks_trigger(server: Server, go: str) -> str:
    return call(server, "people", go=go)


@pytest.mark.parametrize("asks", [asks_studio, asks_trigger])
def test_children_are_on_the_page_of_a_run_before_their_parent_has_ended(
    place: tuple[Path, Path], asks: Callable[[Server, str], str]
) -> None:
    root, home = place
    go = asks.__name__
    (root / "notes" / "begun").open("a").write(f"{go} 0\n")  # its items are those of another attempt: none waits
    server = start(root, home)
    try:
        run = asks(server, go)
        wait_for("children", lambda: states(server, run).get("each:1") == "completed")
        found = states(server, run)
        assert found["users"] == found["each"] == "running"
        assert "each:2" not in found
        (root / "notes" / go).touch()
        assert ended(server, run) == "completed"
        found = states(server, run)
        assert {name for name in found if name.startswith("each:")} == {"each:0", "each:1", "each:2"}
        assert set(found.values()) == {"completed"}
        assert stored(root, "people", "all") == {"all": [10, 20, 30]}
        wait_for("the parts are gone", lambda: not parts(root))
    finally:
        server.stop()


def test_a_server_that_is_killed_meanwhile_makes_the_children_anew(place: tuple[Path, Path]) -> None:
    root, home = place
    server = start(root, home)
    try:
        run = asks_trigger(server, "go")
        wait_for("children", lambda: states(server, run).get("each:gone") == "completed")
        wait_for("one that goes on", lambda: "2" in lines(root, "ran", "go"))
        assert parts(root)
        server.stop(signal.SIGKILL)
        server = start(root, home)
        wait_for("another attempt of the parent", lambda: len(lines(root, "begun", "go")) == 2)
        wait_for("children of it", lambda: "20" in lines(root, "ran", "go"))
        (root / "notes" / "go").touch()
        assert ended(server, run) == "completed"
        found = blocks(server, run)
        assert {found[name]["state"] for name in ("users", "each", "each:0", "each:1", "each:2", "all")} == {
            "completed"
        }
        for name in ("each:gone", "each:too"):
            assert found[name]["state"] == "cancelled", "what was made of an attempt that came to nothing is told so"
        assert found["each:gone"]["failure"]["kind"] == "withdrawn"
        assert found["each:0"]["failure"] is None
        assert stored(root, "people", "all") == {"all": [10, 20, 30]}
        wait_for("the parts are gone", lambda: not parts(root))
        assert lines(root, "ran", "go").count("30") == 1
    finally:
        server.stop()
