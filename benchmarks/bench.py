"""What every benchmark is given: a scratch folder, the commands of the contestants, and how often to run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import Sample, run
from benchmarks.projects import Project

SHAPES = Path(__file__).with_name("shapes.py")


@dataclass(frozen=True)
class Bench:
    """What the parts measure with.

    `mage` is the folder of an environment with mage-ai, or None; `engines` those of other engines by name; `results`
    gathers what the report shows.
    """

    scratch: Path
    repeats: int
    rows: tuple[int, ...]
    mage: Path | None = None
    engines: dict[str, Path] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        return Project(self.scratch / "bench")

    def plain(self, *arguments: str, memory: bool = True) -> Sample:
        """Run this interpreter with arguments."""
        return run([sys.executable, *arguments], cwd=self._folder("plain"), memory=memory)

    def penstock(self, *arguments: str, memory: bool = True) -> Sample:
        """Run `penstock` with arguments; its data and home are in the scratch folder."""
        command = Path(sysconfig.get_path("scripts")) / "penstock"
        environment = {"HOME": str(self._folder("penstock-home")), "MAGE_DATA_DIR": str(self.penstock_data)}
        return run([str(command), *arguments], cwd=self._folder("penstock"), env=environment, memory=memory)

    def mage_run(self, *arguments: str, memory: bool = True) -> Sample:
        """Run `mage` with arguments; its data and home are in the scratch folder."""
        assert self.mage is not None
        environment = {
            "HOME": str(self._folder("mage-home")),
            "MAGE_DATA_DIR": str(self.mage_data),
            "REQUIRE_USER_AUTHENTICATION": "0",
        }
        command = [str(self.mage / "bin" / "mage"), *arguments]
        return run(command, cwd=self._folder("mage"), env=environment, memory=memory)

    @property
    def penstock_data(self) -> Path:
        return self.scratch / "penstock-data"

    @property
    def mage_data(self) -> Path:
        return self.scratch / "mage-data"

    def input(self, rows: int) -> Path:
        """The Parquet file of that many rows, made when it is first asked for."""
        path = self.scratch / f"input-{rows}.parquet"
        if not path.exists():
            subprocess.run([sys.executable, SHAPES, "input", str(rows), path], check=True)
        return path

    def _folder(self, name: str) -> Path:
        folder = self.scratch / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def stored(folder: Path) -> float:
    """Megabytes on disk below a folder; a file with several names counts once."""
    seen: dict[int, int] = {}
    for root, _, names in os.walk(folder):
        for name in names:
            status = os.lstat(os.path.join(root, name))
            seen[status.st_ino] = status.st_blocks * 512
    return sum(seen.values()) / 1e6


def forget(folder: Path) -> None:
    """Remove what a run has kept."""
    shutil.rmtree(folder, ignore_errors=True)


def block_seconds(sample: Sample, block: str) -> float:
    """The seconds of one block in the output of `penstock run --json`."""
    document = json.loads(sample.output[sample.output.index("{") :])
    return next(float(entry["seconds"]) for entry in document["blocks"] if entry["block"] == block)
