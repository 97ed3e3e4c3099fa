"""A server that ends while a block runs: nothing runs on, nothing keeps spinning, and the reason is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.patience import PATIENCE, until
from tests.server.serving import make_project, serving

WAITS = """
import os, time
@custom
def wait(**kwargs):
    print("pid", os.getpid(), flush=True)
    time.sleep(1000)
"""
AFTER = "@custom\ndef after(*upstream, **kwargs):\n    return 1\n"
BLOCKS = [("wait", "custom", [], WAITS), ("after", "custom", ["wait"], AFTER)]

SCRIPT = """
import sys, time
from pathlib import Path
from tests.server.serving import Server
server = Server(Path(sys.argv[1]))
server.start()
with server.live() as live:
    live.subscribe("pipeline:flights")
    server.post("/pipelines/flights/runs", {})
    print(live.until("block_output")[-1]["items"][0]["text"], flush=True)
time.sleep(1000)
"""


def worker_of(printed: str) -> int:
    return int(printed.rsplit(maxsplit=1)[-1])


def gone(pid: int) -> bool:
    try:
        psutil.Process(pid).wait(PATIENCE)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def check_interrupted(root: Path, words: str) -> None:
    """What a page that comes back is shown by the next server."""
    with serving(root) as server:
        status = server.get("/pipelines/flights/status")
        assert status["runs"] == []
        wait = status["blocks"]["wait"]
        assert wait["state"] == "interrupted"
        assert words in wait["failure"]["message"]
        assert status["blocks"]["after"]["state"] in {"never", "cancelled"}
        (run,) = server.get("/runs")["runs"]
        assert run["state"] == "interrupted"
        assert words in run["error"]
        assert run["ended"] is not None
        states = {block["block"]: block["state"] for block in server.get(f"/runs/{run['run']}")["blocks"]}
        assert states == {"wait": "interrupted", "after": "cancelled"}
        with server.live() as live:
            # The page's numbers are those of the server that has gone.
            assert live.subscribe("pipeline:flights", since=3, epoch="of the server before")["reset"]
        assert server.post("/pipelines/flights/runs", {"blocks": ["after"]})


def test_a_server_that_is_stopped(tmp_path):
    root = make_project(tmp_path / "project", blocks=BLOCKS)
    with serving(root) as server, server.live() as live:
        live.subscribe("pipeline:flights")
        server.post("/pipelines/flights/runs", {})
        pid = worker_of(live.until("block_output")[-1]["items"][0]["text"])
    assert gone(pid)
    check_interrupted(root, "the server was stopped while the block ran")


def test_a_server_that_is_killed(tmp_path):
    root = make_project(tmp_path / "project", blocks=BLOCKS)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), str(Path.cwd() / "src")])}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, root], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        pid = worker_of(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    assert gone(pid)
    check_interrupted(root, "ended before the run did")


def test_a_run_of_the_command_line_is_shown_while_it_goes_on(tmp_path):
    root = make_project(tmp_path / "project", blocks=BLOCKS)
    command = [sys.executable, "-m", "penstock", "run", root, "flights", "--verbose"]
    with serving(root) as server, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            pid = next(worker_of(line) for line in process.stdout if "pid" in line)
            status = server.get("/pipelines/flights/status")
            states = {block: entry["state"] for block, entry in status["blocks"].items()}
            assert states == {"wait": "running", "after": "queued"}
            # Its record is read in a moment after it has told of itself.
            (run,) = until("the run", lambda: server.get("/runs", state="running")["runs"])
            assert (run["origin"], run["state"]) == ("cli", "running")
            refused = server.client.post(f"/runs/{run['run']}/interrupt", json={})
            assert refused.status_code == 404
            assert "Ctrl-C" in refused.json()["error"]["hint"]
        finally:
            process.kill()
        process.wait()
        assert gone(pid)
        assert server.get("/pipelines/flights/status")["blocks"]["wait"]["state"] == "interrupted"
