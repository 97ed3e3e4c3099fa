"""Memory and processor time of running blocks, told to who looks at their run, and to nobody else."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest

from penstock.model.messages import BlockOrder, WorkOrder
from penstock.model.product import Fence
from penstock.server.hub import Hub
from penstock.server.runs.usage import UsageTeller
from tests.patience import PATIENCE
from tests.server.serving import Server, make_project

CODE = """
import pathlib

@custom
def hold(*args, **kwargs):
    kept = bytearray(50_000_000)
    import os, time
    end = pathlib.Path(kwargs['end'])
    while not end.exists():
        time.sleep(0.02)
    return len(kept)
"""


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = make_project(tmp_path_factory.mktemp("usage") / "project", blocks=[("hold", "custom", [], CODE)])
    started = Server(root)
    started.start()
    started.studio.usage._every = 0.1
    yield started
    started.stop()


def test_a_running_block_tells_what_it_uses_until_it_ends(server: Server) -> None:
    end = server.root / "end"
    with server.live() as live:
        live.subscribe("pipeline:flights")
        run = server.post("/pipelines/flights/runs", {"variables": {"end": str(end)}})["run"]["run"]
        live.until("block_started", run=run)
        live.subscribe(f"run:{run}")
        used = live.until("block_usage", run=run)[-1]["blocks"]["hold"]
        while used["memory"] <= 50_000_000 / 2:  # the first may be told before the block has taken its memory
            used = live.until("block_usage", run=run)[-1]["blocks"]["hold"]
        assert used["cpu"] >= 0
        task = server.studio.usage._task
        assert task is not None
        over = threading.Event()
        task.get_loop().call_soon_threadsafe(task.add_done_callback, lambda _: over.set())
        end.touch()
        live.until("run_ended", run=run)
    assert over.wait(PATIENCE), "it goes on although nothing runs"


def test_a_process_that_is_long_in_coming_is_waited_for() -> None:
    """The first block of a server waits for its libraries: the order is there long before the process."""
    asyncio.run(_slow_in_coming())


async def _slow_in_coming() -> None:
    block = BlockOrder("hold", "hold", "custom", "python", None, "", (), {})
    order = WorkOrder("run", 1, Fence("run", "hold", 1), "/p", "p", "/d", "flights", "_", block)
    asked = 0

    def processes() -> list[tuple[int | None, WorkOrder]]:
        nonlocal asked
        asked += 1
        return [(os.getpid() if asked > 2 else None, order)] if asked < 6 else []

    hub = Hub()
    hub.attach(asyncio.get_running_loop())
    hub.listen().subscribe(f"run:{order.run}")
    told: list[dict[str, object]] = []
    hub.hear(lambda _, event: told.append(event))
    teller = UsageTeller(hub, [processes], every=0.001)
    hub.publish(f"run:{order.run}", {"type": "block_started"})
    assert teller._task is not None
    await teller._task
    assert [event["type"] for event in told] == ["block_started", *["block_usage"] * 3]
