"""What is loaded when: the command line and the start of a worker stay free of everything heavy."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "alembic", "asyncio", "duckdb", "geopandas", "hypothesis", "jinja2", "joblib", "matplotlib", "numpy", "pandas", "PIL", "plotly",
    "polars", "psycopg", "pyarrow", "pytest", "requests", "rich", "scipy", "shapely", "sklearn", "sqlalchemy", "sqlite3", "unittest",
}  # fmt: skip

LOADED = "import json, sys; json.dump(sorted({name.partition('.')[0] for name in sys.modules}), sys.stderr)"


def loaded_by(code: str) -> set[str]:
    """The top-level modules of a fresh interpreter after that code."""
    done = subprocess.run([sys.executable, "-c", code + "\n" + LOADED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr))


def command(*arguments: str) -> str:
    return (
        "import sys\nfrom penstock.cli.main import main\n"
        f"try:\n    main({list(arguments)!r})\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["run", "--help"], ["check", "--help"], ["data", "--help"]]
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(command(*arguments)) & HEAVY == set()


def test_help_loads_one_library() -> None:
    # The standard library aside, asking for help needs click and nothing else.
    third_party = loaded_by(command("--help")) - set(sys.stdlib_module_names) - {"penstock"}
    assert {name for name in third_party if not name.startswith(("_", "sitecustomize"))} == {"click"}


@pytest.mark.parametrize("module", ["penstock.engine.zygote", "penstock.engine.worker", "penstock.cli.run"])
def test_the_start_of_a_run_and_of_a_worker_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(f"import {module}") & HEAVY == set()


def test_importing_penstock_loads_no_package_of_it() -> None:
    code = "import sys, penstock\nfound = sorted(n for n in sys.modules if n.startswith('penstock.'))\nassert found == ['penstock.version'], found"
    loaded_by(code)
