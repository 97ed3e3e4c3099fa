"""The run loop turns on an event loop: at once when there is something to do, and not at all when there is nothing."""

from __future__ import annotations

import asyncio
import time

import pytest

from penstock.cli.wire import open_workbench
from penstock.engine.plan import RunOptions
from penstock.model import events
from penstock.server.runs.pump import Pump
from tests.patience import PATIENCE
from tests.server.serving import make_project

CODE = "@custom\ndef f(*upstream, **kwargs):\n    return 1\n"
RETRIES = "import pathlib\n@custom\ndef f(**kwargs):\n    file = pathlib.Path(kwargs['file'])\n    if not file.exists():\n        file.write_text('')\n        raise ValueError('not yet')\n"


@pytest.fixture
def root(tmp_path):
    blocks = [("one", "custom", [], CODE), ("two", "custom", ["one"], CODE), ("again", "custom", [], RETRIES)]
    return make_project(tmp_path / "project", blocks=blocks)


async def run(bench, pump, options):
    seen: list[events.Event] = []
    ended = asyncio.Event()

    def tell(event: events.Event) -> None:
        seen.append(event)
        if isinstance(event, events.RunEnded):
            ended.set()

    bench.start(bench.plan("flights", options), [tell])
    pump.kick()
    await asyncio.wait_for(ended.wait(), PATIENCE)
    return seen


@pytest.mark.parametrize("threaded", [False, True])
def test_runs_end_without_anybody_polling(root, threaded):
    async def work():
        with open_workbench(root) as bench:
            pump = Pump(bench.loop, threaded=threaded)
            await pump.start()
            for _ in range(3):
                seen = await run(bench, pump, RunOptions(blocks=("one", "two")))
                assert seen[-1].state == "completed"
            await pump.close()

    asyncio.run(work())


@pytest.mark.parametrize("threaded", [False, True])
def test_what_is_due_later_is_begun_when_it_is_due(root, tmp_path, threaded):
    entry = root / "pipelines" / "flights" / "metadata.yaml"
    entry.write_text(entry.read_text() + "\nretry_config: {retries: 1, delay: 0.2}\n")
    (root / "metadata.yaml").write_text("variables_dir: .data\nretry_config: {retries: 1, delay: 0.2}\n")

    async def work():
        with open_workbench(root) as bench:
            pump = Pump(bench.loop, threaded=threaded)
            await pump.start()
            began = time.monotonic()
            seen = await run(bench, pump, RunOptions(blocks=("again",), variables={"file": str(tmp_path / "mark")}))
            assert [event.attempt for event in seen if isinstance(event, events.BlockStarted)] == [1, 2]
            assert seen[-1].state == "completed"
            assert time.monotonic() - began >= 0.2
            await pump.close()

    asyncio.run(work())


def test_nothing_to_do_costs_nothing(root):
    async def work():
        with open_workbench(root) as bench:
            pump = Pump(bench.loop)
            await pump.start()
            await run(bench, pump, RunOptions(blocks=("one",)))
            turns = 0
            poll = bench.loop.poll

            def counted(timeout=None):
                nonlocal turns
                turns += 1
                poll(timeout)

            bench.loop.poll = counted
            # A spare process comes up, whenever it can; then there is nothing to do.
            last, before, stop = -1, 0.0, time.monotonic() + PATIENCE
            while turns != last:
                assert time.monotonic() < stop, "it does not come to rest"
                last, before = turns, time.process_time()
                await asyncio.wait({asyncio.create_task(asyncio.Event().wait())}, timeout=0.5)
            assert time.process_time() - before < 0.25
            await pump.close()

    asyncio.run(work())


def test_a_limit_of_blocks_at_once_does_not_keep_the_loop_busy(root):
    entry = root / "pipelines" / "flights" / "metadata.yaml"
    entry.write_text(entry.read_text() + "\nconcurrency_config: {block_run_limit: 1}\n")
    (root / "custom" / "one.py").write_text("import time\n@custom\ndef f(**kwargs):\n    time.sleep(0.5)\n")

    async def work():
        with open_workbench(root, total=8) as bench:
            pump = Pump(bench.loop)
            await pump.start()
            turns = 0
            poll = bench.loop.poll

            def counted(timeout=None):
                nonlocal turns
                turns += 1
                poll(timeout)

            bench.loop.poll = counted
            seen = await run(bench, pump, RunOptions(blocks=("one", "again"), variables={"file": "/dev/null"}))
            assert turns < 200  # a loop that is kept busy has thousands
            started = [event.block for event in seen if isinstance(event, events.BlockStarted)]
            assert started == ["one", "again"]
            await pump.close()

    asyncio.run(work())
