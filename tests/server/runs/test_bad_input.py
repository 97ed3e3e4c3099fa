"""Whatever a block does, the server lives, answers, and the page is told what happened."""

from __future__ import annotations

import asyncio
import threading
import time

import psutil
import pytest

from tests.engine.conftest import is_alive
from tests.patience import until
from tests.server.serving import Server, add_pipeline, make_project, serving

GIGABYTE = 1 << 30

BAD = {
    "gigabyte": "import sys\n@custom\ndef f(**kwargs):\n    text = ('x' * 99 + '\\n') * 10_000\n"
    "    for _ in range(1074): sys.stdout.write(text)\n    print('the end')\n",
    "short_lines": "import sys\n@custom\ndef f(**kwargs):\n    for _ in range(800): sys.stdout.write('ab\\n' * 10_000)\n",
    "long_line": "@custom\ndef f(**kwargs):\n    print('y' * 100_000_000)\n",
    "big": "import numpy\n@custom\ndef f(**kwargs):\n    return numpy.zeros((200, 1 << 17))\n",
    "too_big": "import numpy\nimport pandas\n@custom\ndef f(**kwargs):\n"
    "    return pandas.DataFrame(numpy.ones((100_000_000, 8)))\n",
    "creeps": "import numpy\n@custom\ndef f(**kwargs):\n"
    "    held = []\n    for _ in range(600): held.append(numpy.ones(1_250_000))\n    return numpy.concatenate(held)\n",
    "forks": "import os\n@custom\ndef f(**kwargs):\n    pid = os.fork()\n    if pid == 0:\n        while True: pass\n"
    "    print(pid)\n",
    "exits": "import os\n@custom\ndef f(**kwargs):\n    os._exit(3)\n",
    "segfaults": "import os, signal\n@custom\ndef f(**kwargs):\n    os.kill(os.getpid(), signal.SIGSEGV)\n",
    "no_memory": "import resource\n@custom\ndef f(**kwargs):\n"
    "    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n    return bytearray(1 << 31)\n",
    "raises": "@custom\ndef f(**kwargs):\n    raise ValueError('no such day')\n",
    "loops": "@custom\ndef f(**kwargs):\n    print('go', flush=True)\n    while True: pass\n",
    "sleeps": "import time\n@custom\ndef f(**kwargs):\n    print('go', flush=True)\n    time.sleep(1000)\n",
    "swallows": "import time\n@custom\ndef f(**kwargs):\n    print('go', flush=True)\n    while True:\n"
    "        try: time.sleep(1000)\n        except BaseException: pass\n",
    "deaf": "import ctypes, signal\n@custom\ndef f(**kwargs):\n    print('go', flush=True)\n"
    "    ctypes.CDLL(None).signal(2, ctypes.c_void_p(1))\n    ctypes.CDLL(None).sleep(1000)\n",
    "fine": "@custom\ndef f(**kwargs):\n    return 1\n",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    blocks = [(name, "custom", [], code) for name, code in BAD.items()]
    root = make_project(tmp_path_factory.mktemp("bad") / "project", "bad", blocks)
    with serving(root) as running:
        running.run("bad", blocks=["fine"])
        yield running


def end_of(server: Server, block: str):
    return next(e["status"] for e in server.run("bad", blocks=[block]) if e["type"] == "block_ended")


FROZEN = 0.5
"""Seconds of CPU for which the event loop may be at one thing: a page that waits longer looks frozen. What it takes
when nothing else runs is ten times less; benchmarks tell that, a test tells a freeze."""


class Watch:
    """Keeps how long the server's event loop was busy with one thing, in CPU time, and how much memory it took on."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.seconds: list[float] = []
        self.grown = 0
        self._before = psutil.Process().memory_info().rss
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._measure)
        self._run = asyncio.Handle._run

    def __enter__(self):
        run, seconds, loop = self._run, self.seconds, self.server._loop

        def timed(handle):
            if handle._loop is not loop:
                return run(handle)
            began = time.thread_time()
            try:
                return run(handle)
            finally:
                seconds.append(time.thread_time() - began)

        asyncio.Handle._run = timed
        self._thread.start()
        return self

    def __exit__(self, *_):
        asyncio.Handle._run = self._run
        self._ended.set()
        self._thread.join()

    def _measure(self):
        while not self._ended.wait(0.01):
            self.grown = max(self.grown, psutil.Process().memory_info().rss - self._before)

    def longest(self) -> float:
        """The longest that everything else had to wait, in seconds of CPU time."""
        return max(self.seconds)


@pytest.mark.parametrize(("block", "lines"), [("gigabyte", 10_740_000), ("short_lines", 8_000_000)])
def test_a_flood_of_output_is_bounded_everywhere(server: Server, block, lines):
    with server.live() as live, Watch(server) as watch:
        live.subscribe("pipeline:bad")
        began = time.monotonic()
        run = server.post("/pipelines/bad/runs", {"blocks": [block]})["run"]["run"]
        events = live.until("run_ended")
        seconds = time.monotonic() - began
    assert events[-1]["run"]["state"] == "completed"
    outputs = [event for event in events if event["type"] == "block_output"]
    characters = sum(len(item["text"]) for event in outputs for item in event["items"])
    assert characters < 200_000 * (seconds + 2)
    assert sum(event.get("dropped", 0) for event in outputs) > lines / 20
    if block == "gigabyte":
        assert outputs[-1]["items"][-1]["text"].endswith("the end\n")
        files = list(server.studio.runs.folder(run).glob("gigabyte.log*"))
        assert 1 < len(files) <= 11
        assert sum(file.stat().st_size for file in files) < 250 << 20
        last = server.get(f"/runs/{run}/logs", block="gigabyte", before="end", limit=3)
        assert last["lines"][-1]["text"] == "the end"
    assert watch.grown < 120 << 20
    assert watch.longest() < FROZEN


def test_a_line_of_a_hundred_megabytes(server: Server):
    with Watch(server) as watch:
        events = server.run("bad", blocks=["long_line"])
    text = "".join(item["text"] for e in events if e["type"] == "block_output" for item in e["items"])
    assert "more bytes of this line were cut" in text
    assert len(text) < 200_000
    assert watch.grown < 60 << 20


def test_a_large_frame_does_not_pass_through_the_server(server: Server):
    with Watch(server) as watch:
        status = end_of(server, "big")
    assert status["state"] == "completed", status["failure"]
    assert status["outputs"][0]["bytes"] >= 200 << 20
    assert watch.grown < 60 << 20


@pytest.mark.parametrize("block", ["too_big", "creeps"])
def test_a_frame_beyond_the_limit_ends_its_block_alone(server: Server, monkeypatch, block):
    # Six gigabytes, asked for at once or ten megabytes at a time; the block gets as far as its limit.
    monkeypatch.setenv("PENSTOCK_BLOCK_MEMORY", "700")
    with Watch(server) as watch:
        status = end_of(server, block)
    assert status["state"] == "failed"
    assert status["failure"]["kind"] == "memory"
    assert "more memory than it may have" in status["failure"]["message"]
    assert "limit" in status["failure"]["hint"]
    assert status["outputs"] == []
    assert watch.grown < 60 << 20
    assert end_of(server, "big")["state"] == "completed"


def test_a_fork_that_goes_on_is_ended_with_the_block(server: Server):
    events = server.run("bad", blocks=["forks"])
    assert events[-1]["run"]["state"] == "completed"
    pid = int("".join(item["text"] for e in events if e["type"] == "block_output" for item in e["items"]))
    until("its end", lambda: not is_alive(pid))


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("exits", "exit code 3"),
        ("segfaults", "SIGSEGV"),
        ("no_memory", "more memory"),
        ("raises", "no such day"),
    ],
)
def test_the_failure_is_said_in_words_and_the_next_run_is_well(server: Server, block, words):
    status = end_of(server, block)
    assert status["state"] == "failed"
    assert words in status["failure"]["message"]
    assert server.get("/pipelines/bad/status")["blocks"][block]["failure"] == status["failure"]
    assert end_of(server, "fine")["state"] == "completed"


@pytest.mark.parametrize(("block", "heeds"), [("loops", True), ("sleeps", True), ("swallows", False), ("deaf", False)])
def test_an_interrupt_is_told_at_once_and_ends_everything(server: Server, monkeypatch, block, heeds):
    # Who heeds it needs no other end; the others get one, of which nobody is told before.
    monkeypatch.setattr(server.studio.bench.supervisor, "_grace", 600.0 if heeds else 1.0)
    with server.live() as live:
        live.subscribe("pipeline:bad")
        run = server.post("/pipelines/bad/runs", {"blocks": [block]})["run"]["run"]
        live.until("block_output")
        server.post(f"/runs/{run}/interrupt", {})
        assert not [event for event in live.until("block_interrupting", block=block) if event["type"] == "block_ended"]
        status = live.until("block_ended", block=block)[-1]["status"]
        assert status["state"] == "cancelled"
        assert live.until("run_ended")[-1]["run"]["state"] == "cancelled"
    assert server.get("/pipelines/bad/status")["runs"] == []


def test_one_block_of_a_run_is_interrupted_and_the_others_go_on(server: Server):
    with server.live() as live:
        live.subscribe("pipeline:bad")
        run = server.post("/pipelines/bad/runs", {"blocks": ["sleeps", "fine"]})["run"]["run"]
        live.until("block_output", block="sleeps")
        server.post(f"/runs/{run}/interrupt", {"block": "sleeps"})
        events = live.until("run_ended")
    states = {e["block"]: e["status"]["state"] for e in events if e["type"] == "block_ended"}
    assert states["sleeps"] == "cancelled"
    detail = server.get(f"/runs/{run}")
    assert {block["block"]: block["state"] for block in detail["blocks"]} == {
        "sleeps": "cancelled",
        "fine": "completed",
    }


def test_a_block_runs_once_at_a_time_and_others_beside_it(server: Server):
    with server.live() as live:
        live.subscribe("pipeline:bad")
        first = server.post("/pipelines/bad/runs", {"blocks": ["sleeps"]})["run"]["run"]
        live.until("block_output", block="sleeps")
        error = server.post("/pipelines/bad/runs", {"blocks": ["fine", "sleeps"]}, 409)["error"]
        assert error["code"] == "X106"
        assert first in error["message"]
        server.post("/pipelines/bad/runs", {"blocks": ["fine"]})
        live.until("block_ended", block="fine")
        status = server.get("/pipelines/bad/status")
        assert status["blocks"]["sleeps"]["state"] == "running"
        assert [run["run"] for run in status["runs"]] == [first]
        assert server.post("/pipelines/bad/interrupt")["runs"] == [first]
        live.until("run_ended", run=first)
    assert server.client.post(f"/runs/{first}/interrupt", json={}).status_code == 404


def test_eight_endless_blocks_leave_the_server_responsive(server: Server):
    blocks = [(f"loop{n}", "custom", [], BAD["sleeps"]) for n in range(8)]
    for n in range(8):
        add_pipeline(server.root, f"loop{n}", [blocks[n]])
    with server.live() as live, Watch(server) as watch:
        for n in range(8):
            live.subscribe(f"pipeline:loop{n}")
            server.post(f"/pipelines/loop{n}/runs", {})
        printing: set[str] = set()
        while len(printing) < 8:
            printing.add(live.until("block_output")[-1]["block"])
        server.run("bad", blocks=["short_lines"])
        for n in range(8):
            server.post(f"/pipelines/loop{n}/interrupt")
    assert watch.longest() < FROZEN


def test_a_thousand_blocks(server: Server):
    code = "@custom\ndef f(*upstream, **kwargs):\n    return 1\n"
    blocks = [(f"b{n}", "custom", [f"b{n - 1}"] if n % 50 else [], code) for n in range(1000)]
    add_pipeline(server.root, "wide", blocks)
    with Watch(server) as watch:
        status = server.get("/pipelines/wide/status")
        assert len(status["blocks"]) == 1000
        with server.live() as live:
            live.subscribe("pipeline:wide")
            run = server.post("/pipelines/wide/runs", {})["run"]["run"]
            live.until("block_ended", block="b0")
            server.post(f"/runs/{run}/interrupt", {})
            events = live.until("run_ended")
    assert events[-1]["run"]["state"] == "cancelled"
    assert sum(event["type"] == "block_ended" for event in events) > 900
    assert watch.longest() < FROZEN


def test_a_pipeline_file_that_breaks_meanwhile(server: Server):
    add_pipeline(server.root, "breaks", [("sleeps2", "custom", [], BAD["sleeps"])])
    file = server.root / "pipelines" / "breaks" / "metadata.yaml"
    good = file.read_text()
    with server.live() as live:
        live.subscribe("pipeline:breaks")
        run = server.post("/pipelines/breaks/runs", {})["run"]["run"]
        live.until("block_output")
        file.write_text("blocks: [\n  - {")
        error = server.client.get("/pipelines/breaks/status").json()["error"]
        assert error["code"] == "J104"
        assert error["location"]["file"].endswith("pipelines/breaks/metadata.yaml")
        assert server.get(f"/runs/{run}")["state"] == "running"
        server.post(f"/runs/{run}/interrupt", {})
        live.until("run_ended")
    assert server.post("/pipelines/breaks/runs", {}, 422)["error"]["code"] == "J104"
    file.write_text(good)
    assert server.get("/pipelines/breaks/status")["blocks"]["sleeps2"]["state"] == "cancelled"


def test_files_that_cannot_be_run_fail_their_block_alone(server: Server):
    add_pipeline(
        server.root,
        "odd",
        [
            ("latin", "custom", [], BAD["fine"]),
            ("gone", "custom", [], BAD["fine"]),
            ("well", "custom", [], BAD["fine"]),
        ],
    )
    (server.root / "custom" / "latin.py").write_bytes(b"@custom\ndef f():\n    return '\xe9'\n")
    (server.root / "custom" / "gone.py").unlink()
    statuses = {e["block"]: e["status"] for e in server.run("odd") if e["type"] == "block_ended"}
    assert {block: status["state"] for block, status in statuses.items()} == {
        "latin": "failed", "gone": "failed", "well": "completed",
    }  # fmt: skip
    assert "utf-8" in statuses["latin"]["failure"]["message"].lower()
    assert statuses["gone"]["failure"]["code"] == "J103"
