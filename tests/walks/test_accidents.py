"""Accidents to a whole run: killed at any moment, a full disk, a data folder that cannot be written."""

import os
import random
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from penstock.data import ProductStore
from tests.cli.projects import B, clean_environment, penstock, write_project
from tests.patience import until

FRAME = "import numpy as np, pandas as pd\nreturn pd.DataFrame({'x': np.arange(200_000), 'y': kwargs.get('y', 1.5)})"
BLOCKS = [
    B("load", "data_loader", FRAME),
    B("left", "transformer", "return args[0].assign(x=args[0]['x'] + 1)", up=("load",)),
    B("right", "transformer", "return args[0].assign(y=2.0)", up=("load",)),
    B("both", "transformer", "return args[0].merge(args[1], on='x')", up=("left", "right")),
]


def start(project: Path, home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "penstock.cli.main", "run", str(project), "frames"],
        env={**clean_environment(), "PENSTOCK_DATA_DIR": str(home / "data"), "PENSTOCK_TEST_MARK": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def survivors(home: Path) -> list[psutil.Process]:
    """Processes that the run has left: they carry its mark in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PENSTOCK_TEST_MARK") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def read_everything(project: Path, home: Path) -> int:
    """Load every version that is visible; the number of them."""
    listed = penstock("data", "list", "--versions", "-p", project, "--json", home=home)
    assert listed.code == 0, listed.err
    roots = list((home / "data").rglob("products"))
    if not roots:
        return 0
    store = ProductStore(roots[0].parent if roots[0].parent.name == "products" else roots[0])
    count = 0
    for address in store.addresses():
        for manifest in store.versions(address):
            assert len(store.load(manifest.ref)) == 200_000 or address.block == "both"
            count += 1
    return count


def test_a_run_that_is_killed_at_any_moment_leaves_no_process_and_nothing_half_written(tmp_path):
    project = write_project(tmp_path / "p", frames=BLOCKS)
    assert penstock("run", project, "frames", home=tmp_path).code == 0
    chosen = random.Random(13)
    for _ in range(6):
        process = start(project, tmp_path)
        try:
            process.wait(timeout=chosen.uniform(0.05, 1.2))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        until("the end of all of its processes", lambda: not survivors(tmp_path))
        read_everything(project, tmp_path)
    again = penstock("run", project, "frames", "--json", home=tmp_path)
    assert again.code == 0, again.out
    assert again.block("both")["outputs"][0]["rows"] == 199_999


@contextmanager
def small_disk(folder: Path, size: str):
    if os.geteuid() != 0:
        pytest.skip("making a small file system needs root")
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_fails_the_block_in_words_and_keeps_what_was_there(tmp_path):
    project = write_project(tmp_path / "p", frames=BLOCKS[:1])
    with small_disk(tmp_path / "data", "8m"):
        assert penstock("run", project, "frames", home=tmp_path).code == 0
        filler = tmp_path / "data" / "filler"
        free = shutil.disk_usage(tmp_path / "data").free
        filler.write_bytes(b"x" * max(0, free - 600_000))
        done = penstock("run", project, "frames", "--runtime-vars", '{"y": 9.5}', "--json", home=tmp_path)
        assert done.code == 1, done.out
        failure = done.block("load")["failure"]
        assert failure["code"] == "D105"
        assert "no space left" in failure["message"]
        assert failure["hint"]
        filler.unlink()
        assert read_everything(project, tmp_path) == 1
        assert penstock("run", project, "frames", home=tmp_path).code == 0
        assert read_everything(project, tmp_path) == 2


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    project = write_project(tmp_path / "p", frames=BLOCKS[:1])
    (tmp_path / "data").write_text("a file stands where the folder should be")
    done = penstock("run", project, "frames", home=tmp_path)
    assert done.code == 3, done.err
    assert "making the data folder" in done.err
    assert "Traceback" not in done.err
