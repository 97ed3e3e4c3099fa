"""Projects for tests of the command line: pipelines written as a few lines of Python, in the files' own layout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.patience import PATIENCE

FOLDERS = {
    "data_loader": "data_loaders",
    "transformer": "transformers",
    "data_exporter": "data_exporters",
    "custom": "custom",
    "sensor": "sensors",
    "markdown": "markdowns",
    "scratchpad": "scratchpads",
}
ENDINGS = {"python": "py", "sql": "sql", "markdown": "md"}


@dataclass
class B:
    """A block: its uuid, type, body of the function (or the whole text of an SQL or markdown block) and upstreams."""

    uuid: str
    type: str
    body: str
    up: tuple[str, ...] = ()
    language: str = "python"
    configuration: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    head: str = ""
    tail: str = ""

    def text(self) -> str:
        if self.language != "python" or self.type == "scratchpad":
            return self.body
        body = "\n".join(f"    {line}" for line in self.body.splitlines())
        decorator = f"from penstock import {self.type}, test\n\n\n@{self.type}\ndef f(*args, **kwargs):\n"
        return f"{self.head}\n{decorator}{body}\n{self.tail}"


def write_project(folder: Path, **pipelines: list[B]) -> Path:
    """Write a project with these pipelines; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "metadata.yaml").exists():
        (folder / "metadata.yaml").write_text("project_type: standalone\n")
    for uuid, blocks in pipelines.items():
        write_pipeline(folder, uuid, blocks)
    return folder


def write_pipeline(project: Path, uuid: str, blocks: list[B], **keys: Any) -> None:
    """Write one pipeline and the files of its blocks; `keys` are further keys of its metadata.yaml."""
    entries = []
    for block in blocks:
        file = project / FOLDERS[block.type] / f"{block.uuid}.{ENDINGS[block.language]}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text(), encoding="utf-8")
        entries.append(
            {
                "uuid": block.uuid,
                "name": block.uuid,
                "type": block.type,
                "language": block.language,
                "upstream_blocks": list(block.up),
                "downstream_blocks": [other.uuid for other in blocks if block.uuid in other.up],
                "configuration": block.configuration,
                **block.more,
            }
        )
    place = project / "pipelines" / uuid
    place.mkdir(parents=True, exist_ok=True)
    document = {"uuid": uuid, "name": uuid, "type": "python", "blocks": entries, **keys}
    (place / "metadata.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    def block(self, uuid: str) -> dict[str, Any]:
        return next(entry for entry in self.document["blocks"] if entry["block"] == uuid)


def penstock(*arguments: str | Path, home: Path, cwd: Path | None = None, **environment: str) -> Result:
    """Run the command line as its user would, with the data folder under `home`."""
    done = subprocess.run(
        [sys.executable, "-m", "penstock.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd or home,
        env={**clean_environment(), "PENSTOCK_DATA_DIR": str(home / "data"), **environment},
        check=False,
        timeout=5 * PATIENCE,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def begun(project: Path, pipeline: str, home: Path) -> subprocess.Popen[str]:
    """A run in a process of its own, of which a block has printed "up"."""
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock.cli.main", "run", str(project), pipeline, "-v"],
        env={**clean_environment(), "PENSTOCK_DATA_DIR": str(home / "data")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while "up" not in process.stdout.readline():
        assert process.poll() is None
    return process


def clean_environment() -> dict[str, str]:
    """The environment without what could change where data lies."""
    drop = ("PENSTOCK_", "MAGE_")
    return {key: value for key, value in os.environ.items() if not key.startswith(drop)}
