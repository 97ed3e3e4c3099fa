"""The server under attack: a project full of traps, with secrets beside it."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.server.attacks.walking import Answer, Request, send
from tests.server.running import Server, start
from tests.server.serving import Block, add_pipeline, make_project

LOAD = """
    import pandas as pd

    @data_loader
    def load(*args, **kwargs):
        return pd.DataFrame({"a": [1, 2, 3], "b": ["<script>alert(1)</script>", "=1+1", "x"]})
"""
PICKLED = """
    import os

    class Evil:
        def __reduce__(self):
            return (os.system, ("touch {touched}",))

    @custom
    def evil(*args, **kwargs):
        return Evil()
"""
SHOWN = """
    class Page:
        def _repr_html_(self):
            return "<script>fetch('/api/files/content?path=metadata.yaml')</script>"

    @custom
    def shown(*args, **kwargs):
        return Page()
"""
TRAP = """
    from pathlib import Path

    Path({touched!r}).touch()

    def decorate(function, made=Path({touched!r}).touch()):
        Path({touched!r}).touch()
        return function

    @custom
    @decorate
    def trap(*args, value=Path({touched!r}).touch(), **kwargs):
        return 1
"""
MODULE = "from pathlib import Path; Path({touched!r}).touch()\n"
SHADOWS = [
    "sitecustomize",
    "usercustomize",
    "conftest",
    "json",
    "logging",
    "asyncio",
    "yaml",
    "msgspec",
    "pyarrow",
    "duckdb",
    "pandas",
    "starlette",
    "ty",
    "ruff",
]


@dataclass
class Target:
    """A server with an owner's bearer token, and what must stay as it is."""

    home: Path
    server: Server
    run: str = ""
    secret: str = ""
    known: dict[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return int(self.server.url.rpartition(":")[2])

    @property
    def project(self) -> Path:
        return self.server.project

    @property
    def touched(self) -> Path:
        """What is there when something ran that was only to be looked at."""
        return self.home / "touched"

    @property
    def outside(self) -> Path:
        return self.home / "outside"

    @property
    def owner(self) -> list[tuple[str, str]]:
        """Headers of a program of the owner's."""
        file = self.home / "installation" / "studio" / f"server-{self.port}.json"
        return [
            ("Host", f"127.0.0.1:{self.port}"),
            ("Authorization", f"Bearer {json.loads(file.read_text())['token']}"),
        ]

    @property
    def browser(self) -> list[tuple[str, str]]:
        """Headers of a page of the owner's."""
        (cookie,) = [one for one in self.server.client.cookies.jar if one.name.startswith("penstock_")]
        return [
            ("Host", f"127.0.0.1:{self.port}"),
            ("Origin", f"http://127.0.0.1:{self.port}"),
            ("Cookie", f"{cookie.name}={cookie.value}"),
            ("X-Penstock", "1"),
        ]

    def ask(self, request: Request, headers: list[tuple[str, str]] | None = None) -> Answer:
        body, kind = request.content()
        typed = [("Content-Type", kind)] if kind else []
        return send(self.port, request.route.method, request.target(), [*(headers or self.owner), *typed], body)

    def restore(self) -> None:
        """The project as it was."""
        for path in self.project.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        shutil.copytree(self.home / "pristine", self.project, symlinks=True, dirs_exist_ok=True)

    def elsewhere(self) -> dict[str, str]:
        """Everything beside the project that nobody may change."""
        return {
            path.relative_to(self.home).as_posix(): path.read_text() if path.is_file() else ""
            for folder in ("outside", "project-secret", "up")
            for path in sorted((self.home / folder).rglob("*"))
        } | {path.name: "" for path in sorted(self.home.iterdir())}


def make_target(home: Path, *, cwd: Path | None = None) -> Target:
    secret = f"secret-{secrets.token_hex(16)}"
    project, touched = home / "project", str(home / "touched")
    for folder in ("outside", "project-secret", "up"):
        (home / folder).mkdir(parents=True)
        (home / folder / "canary.txt").write_text(secret)
        (home / folder / "metadata.yaml").write_text(f"name: {secret}\ntype: python\nblocks: []\n")
    blocks: list[Block] = [
        ("load", "data_loader", [], LOAD),
        ("evil", "custom", [], PICKLED.format(touched=touched)),
        ("shown", "custom", [], SHOWN),
        ("trap", "custom", [], TRAP.format(touched=touched)),
    ]
    make_project(project, "flights", blocks)
    add_pipeline(project, "pad", [("scratch", "scratchpad", [], "a = 1\n")])
    for name in SHADOWS:
        (project / f"{name}.py").write_text(MODULE.format(touched=touched))
    (project / "link").symlink_to(home / "outside")
    (project / "link.txt").symlink_to(home / "outside" / "canary.txt")
    (project / "pipelines" / "linked").symlink_to(home / "outside")
    _repository(project, touched)
    shutil.copytree(project, home / "pristine", symlinks=True)
    server = start(project, home, environment={"PENSTOCK_ALLOW_PICKLE": "1"}, cwd=cwd)
    target = Target(home, server, secret=secret)
    target.run = server.post("/api/pipelines/flights/runs", {"blocks": ["load", "evil", "shown"]})["run"]["run"]
    with server.client.stream("GET", f"/api/runs/{target.run}/events") as events:
        assert "run_ended" in "".join(events.iter_text())
    assert not target.touched.exists()
    target.known = {
        "pipeline": "flights",
        "block": "load",
        "run": target.run,
        "path": "data_loaders/load.py",
        "source": "data_loaders/load.py",
        "target": "data_loaders/moved.py",
        "file": "data_loaders/load.py",
        "output": "output_0",
        "partition": "",
        "version": "",
        "column": "a",
        "id": "HEAD",
    }
    return target


def _repository(project: Path, touched: str) -> None:
    """A repository whose own settings would run programs, if a git that looks at it obeyed them."""

    def git(*arguments: str) -> None:
        name = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        subprocess.run(["git", *name, *arguments], cwd=project, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "metadata.yaml", "data_loaders", "custom", "pipelines/flights")
    git("commit", "-qm", "first")

    def command(what: str) -> str:
        return f"echo {what} >>{touched}"

    for key in (
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "diff.x.textconv",
        "diff.x.command",
        "core.sshCommand",
    ):
        git("config", key, command(key))
    for key in ("filter.x.clean", "filter.x.smudge", "core.editor", "gpg.program", "credential.helper"):
        git("config", key, f"{command(key)}; cat")
    (project / ".gitattributes").write_text("*.py diff=x filter=x\n")
    for hook in ("pre-commit", "post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
        path = project / ".git" / "hooks" / hook
        path.write_text(f"#!/bin/sh\n{command(hook)}\n")
        path.chmod(0o755)
    (project / "data_loaders" / "load.py").write_text(
        (project / "data_loaders" / "load.py").read_text() + "# changed\n"
    )


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A target for the tests of one module."""
    found = make_target(tmp_path_factory.mktemp("target"))
    try:
        yield found
    finally:
        found.server.stop()
