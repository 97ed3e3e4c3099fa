"""What an installation weighs: megabytes and packages of a fresh environment with nothing but Penstock in it."""

from __future__ import annotations

import json
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
    uv = subprocess.run([sys.executable, "-m", "uv", "--version"], capture_output=True, check=False).returncode == 0
    # Without compiled modules, as a package index counts; the files of the interpreter itself are not counted.
    install = (
        [sys.executable, "-m", "uv", "pip", "install", "-q", "--link-mode", "copy", "--python", python, ROOT]
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
    forget(place)
    if bench.mage:
        result |= {
            "mage: packages": _packages(bench.mage / "bin" / "python"),
            "mage: megabytes": round(stored(bench.mage)),
        }
    bench.results["footprint"] = result


def _packages(python: Path) -> int:
    return len(json.loads(subprocess.run([python, "-c", COUNT], capture_output=True, check=True).stdout))
