"""The built wheel, installed beside nothing: what the journeys drive is what a user gets, not the checkout."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARK = "installed-for-journeys.svg"
"""A file that only this installation has: a server that serves it serves from here."""


def install(shared: Path) -> Path:
    """The folder that the wheel is installed in; built by the first test process that needs it."""
    site = shared / "journeys-site"
    with (shared / "journeys.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (site / ".complete").exists():
            shutil.rmtree(site, ignore_errors=True)
            _install(_build(shared / "journeys-wheel"), site)
            (site / "penstock" / "server" / "static" / MARK).write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
            (site / ".complete").touch()
    return site


def environment(site: Path) -> dict[str, str]:
    """What makes a process import Penstock from there. An editable install comes later on the path than this."""
    return {"PYTHONPATH": os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])}


def _build(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)])
    (wheel,) = folder.glob("*.whl")
    return wheel


def _install(wheel: Path, site: Path) -> None:
    options = ["install", "--quiet", "--no-deps", "--no-index", "--target", str(site), str(wheel)]
    if importlib.util.find_spec("pip"):
        _run([sys.executable, "-m", "pip", *options, "--disable-pip-version-check"])
        return
    uv = shutil.which("uv")
    assert uv, "Installing the wheel needs pip or uv: python -m ensurepip"
    _run([uv, "pip", *options, "--python", sys.executable])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
