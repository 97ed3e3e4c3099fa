"""What the parent of the workers does ahead of them: everything that each would have to do for the first time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REHEARSE = """
import sys
from penstock.engine import worker
from penstock.engine.rehearsal import rehearse_storing
worker.prepare()
rehearse_storing()
before = set(sys.modules)
rehearse_storing()
print("new modules:", sorted(set(sys.modules) - before))
from penstock.config import decoding
from penstock.data import Manifest
print("readers of manifests:", int(Manifest in decoding._json))
print("blocks left:", [name for name in sys.modules if name.startswith("penstock_block_")])
print("heavy:", [name for name in ("pandas", "pyarrow", "numpy", "polars", "duckdb") if name in sys.modules])
"""


IN_SQL = """
import gc
import sys
from penstock.engine import worker
from penstock.engine.rehearsal import WARM_UPS
from penstock.languages.sql import embedded
worker.prepare()
steps = 0
for _ in WARM_UPS["sql"]():
    steps += 1
    left = steps == int(sys.argv[1])
    if left:
        break
print("left to collect:", gc.collect() if not left else "not looked at")
print("steps:", steps, "open:", len(embedded._ahead))
print("heavy:", [name for name in ("pandas", "pyarrow", "duckdb") if name in sys.modules])
if embedded._ahead:
    connection = embedded._ahead[0]
    print("views:", connection.sql("SHOW TABLES").fetchall())
    print("limited:", connection.execute("SELECT current_setting('memory_limit')").fetchone()[0].endswith("TiB"))
    before = set(sys.modules)
    list(WARM_UPS["sql"]())
    print("new modules:", sorted(set(sys.modules) - before))
"""


def rehearsed(folder: Path, program: str = REHEARSE, *arguments: str) -> list[str]:
    command = [sys.executable, "-c", program, *arguments]
    environment = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_worker_finds_the_reader_of_manifests_built(tmp_path: Path) -> None:
    assert rehearsed(tmp_path) == ["new modules: []", "readers of manifests: 1", "blocks left: []", "heavy: []"]
    assert list(tmp_path.iterdir()) == []


def test_what_a_rehearsal_has_left_that_was_killed_is_removed(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    theirs, ours = (tmp_path / f"penstock-rehearsal-{pid}-abc" for pid in (int(ended.stdout), os.getpid()))
    for folder in (theirs, ours, tmp_path / "penstock-rehearsal-of-somebody"):
        (folder / "runs").mkdir(parents=True)
    rehearsed(tmp_path)
    assert sorted(tmp_path.iterdir()) == [ours, tmp_path / "penstock-rehearsal-of-somebody"]


def test_a_process_for_sql_has_run_all_that_a_block_runs_and_opened_a_database(tmp_path: Path) -> None:
    assert rehearsed(tmp_path, IN_SQL, "9") == [
        "left to collect: 0",
        "steps: 4 open: 1",
        "heavy: ['pyarrow', 'duckdb']",
        "views: []",
        "limited: False",
        "new modules: []",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsal_can_be_left_at_each_step(tmp_path: Path) -> None:
    assert rehearsed(tmp_path, IN_SQL, "2") == [
        "left to collect: not looked at",
        "steps: 2 open: 0",
        "heavy: ['pyarrow', 'duckdb']",
    ]
    assert list(tmp_path.iterdir()) == []
