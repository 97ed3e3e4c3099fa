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
from penstock.data import manifest
print("readers of manifests:", manifest._decoder.cache_info().currsize)
print("blocks left:", [name for name in sys.modules if name.startswith("penstock_block_")])
print("heavy:", [name for name in ("pandas", "pyarrow", "numpy", "polars", "duckdb") if name in sys.modules])
"""


def rehearsed(folder: Path) -> list[str]:
    command = [sys.executable, "-c", REHEARSE]
    environment = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_worker_finds_the_reader_of_manifests_built(tmp_path: Path) -> None:
    assert rehearsed(tmp_path) == ["new modules: []", "readers of manifests: 1", "blocks left: []", "heavy: []"]
    assert list(tmp_path.iterdir()) == []
