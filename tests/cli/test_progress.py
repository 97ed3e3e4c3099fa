"""How blocks of every state are shown while a run goes on, in lines and on a terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.cli.progress import LiveProgress, Progress
from penstock.model import events
from penstock.model.run import BlockState
from tests.cli.projects import B, clean_environment, penstock, write_pipeline, write_project
from tests.patience import PATIENCE

BLOCKS = [
    B("first", "data_loader", "return 1"),
    B("extra", "transformer", "open('ran', 'w')", up=("first",)),
    B("last", "data_exporter", "open('ran', 'w')", up=("extra",)),
    B("beside", "transformer", "return 2", up=("first",)),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A pipeline whose block `extra` has a condition that says no."""
    folder = write_project(tmp_path / "p")
    asked = {
        "uuid": "asked",
        "name": "asked",
        "type": "conditional",
        "language": "python",
        "upstream_blocks": ["extra"],
    }
    write_pipeline(folder, "choice", BLOCKS, conditionals=[asked])
    (folder / "conditionals").mkdir()
    (folder / "conditionals" / "asked.py").write_text(
        "from penstock import condition\n\n\n@condition\ndef f(*args, **kwargs):\n    return False\n"
    )
    return folder


def test_blocks_that_a_condition_leaves_out_are_told_and_the_run_goes_on(project: Path, tmp_path: Path) -> None:
    done = penstock("run", project, "choice", home=tmp_path)
    assert (done.code, done.err) == (0, "")
    words = {line.split()[0]: " ".join(line.split()[1:3]) for line in done.out.splitlines() if line.split()[:1] != []}
    assert (words["extra"], words["last"]) == ("left out", "left out")
    assert [words[name].split()[0] for name in ("first", "beside")] == ["done", "done"]
    assert "condition asked said no" in done.out
    assert "choice completed" in done.out
    assert not list(tmp_path.rglob("ran"))


def test_blocks_that_a_condition_leaves_out_are_told_on_a_terminal(project: Path, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock.cli.main", "run", str(project), "choice"],
        env={**clean_environment(), "PENSTOCK_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "100", "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while b"(run " not in shown and (more := _read(ours)):
        shown += more
    assert process.wait(timeout=PATIENCE) == 0
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"last +left out *\r?\n", text), text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so when nobody has the other end open any more
        return b""


@pytest.mark.parametrize("state", list(BlockState))
def test_every_state_has_a_word(state: BlockState, capsys: pytest.CaptureFixture[str]) -> None:
    ended = events.BlockEnded(run="r", block="a", state=state, at=1.0)
    Progress(verbose=False)(ended)
    assert re.fullmatch(r"a +[a-z]+( [a-z]+)?", capsys.readouterr().out.strip())
    live = LiveProgress(verbose=False)
    live._rows["a"] = (state, 1.0, ended)
    assert live._table().row_count == 1


def test_a_retry_says_that_nobody_runs_it(project: Path, tmp_path: Path) -> None:
    assert penstock("run", project, "choice", home=tmp_path).code == 0
    (listed,) = json.loads(penstock("runs", "--project", project, "--json", home=tmp_path).out)["runs"]
    done = penstock("retry", listed["run"], "--project", project, home=tmp_path)
    assert (done.code, "no scheduler is running" in done.err) == (0, True)
