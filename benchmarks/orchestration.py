"""Runs asked for from a warm server with durable state: Penstock beside other engines, each in its own environment.

`--engines NAME=FOLDER` names environments that hold `prefect`, `dagster` or `airflow`; Mage's is that of `--mage-venv`.
Airflow needs a database that BENCH_DATABASE names (its default cannot run tasks at once).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench

PROGRAMS = Path(__file__).parent / "engines"
PATIENCE = 1800
"""Seconds that an engine has for all its shapes."""


def measure(bench: Bench) -> None:
    """Fill `results["orchestration"]`: one entry per engine."""
    environments = {"penstock": Path(sys.prefix), **bench.engines}
    if bench.mage:
        environments["mage"] = bench.mage
    found: dict[str, Any] = {}
    bench.results["orchestration"] = found
    for number, (engine, environment) in enumerate(environments.items()):
        found[engine] = _one(bench, engine, environment, 14800 + number)


def _one(bench: Bench, engine: str, environment: Path, port: int) -> dict[str, Any]:
    scratch = bench.scratch / "engines" / engine
    scratch.mkdir(parents=True)
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    variables |= {
        "BENCH_MARKS": str(scratch / "marks"),
        "BENCH_SCRATCH": str(scratch),
        "BENCH_PORT": str(port),
        "BENCH_REPEATS": str(bench.repeats),
    }
    command = [str(environment / "bin" / "python"), str(PROGRAMS / f"on_{engine}.py")]
    try:
        ended = subprocess.run(
            command, env=variables, stdout=subprocess.PIPE, timeout=PATIENCE, check=False, cwd=scratch
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"not done after {PATIENCE} s"}
    try:
        found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])  # engines print to it, too
    except (ValueError, IndexError):
        return {"failed": f"ended with {ended.returncode} before it had figures"}
    return found | {"version": _version(environment, engine)}


def _version(environment: Path, engine: str) -> str:
    package = {"mage": "mage-ai", "airflow": "apache-airflow"}.get(engine, engine)
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    command = [str(environment / "bin" / "python"), "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
