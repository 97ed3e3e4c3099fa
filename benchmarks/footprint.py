"""What an installation weighs: megabytes and packages of a fresh environment with nothing but Penstock in it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from benchmarks.bench import Bench, forget, stored

ROOT = Path(__file__).resolve().parents[1]
COUNT = "import importlib.metadata as m, json; print(json.dumps(sorted({d.name.lower() for d in m.distributions()})))"


def measure(bench: Bench) -> None:
    """Fill `results["footprint"]`."""
    place = bench.scratch / "fresh"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    empty = stored(place)
    # Without compiled modules first, then with them; the files of the interpreter itself are not counted.
    uv = _uv()
    install = (
        [*uv, "pip", "install", "-q", "--link-mode", "copy", "--python", python, ROOT]
        if uv
        else [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-compile", ROOT]
    )
    subprocess.run(install, check=True)
    direct = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    result = {
        "direct dependencies": len(direct),
        "packages": _packages(python),
        "megabytes": round(stored(place) - empty),
    }
    subprocess.run([python, "-m", "compileall", "-q", place / "lib"], check=False, capture_output=True)
    result["megabytes with compiled modules"] = round(stored(place) - empty)
    forget(place)
    if bench.mage:
        result |= {
            "mage: packages": _packages(bench.mage / "bin" / "python"),
            "mage: megabytes": round(stored(bench.mage)),
        }
    bench.results["footprint"] = result


def _uv() -> list[str]:
    """How to call uv here, or nothing."""
    found = shutil.which("uv")
    for command in ([sys.executable, "-m", "uv"], [found] if found else []):
        if command and subprocess.run([*command, "--version"], capture_output=True, check=False).returncode == 0:
            return command
    return []


def _packages(python: Path) -> int:
    return len(json.loads(subprocess.run([python, "-c", COUNT], capture_output=True, check=True).stdout))
