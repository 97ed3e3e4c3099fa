"""A block that does nothing, run in the zygote itself, so that no worker is the first to run the code of all workers.

What Python learns about code by running it (specialised instructions, caches, lazily built decoders) is then inherited
by every fork; without it each attempt learns it again, in memory that it must copy first.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from penstock.data import ProductStore
from penstock.engine.channel import TO_WORKER, WorkerChannel
from penstock.engine.interrupts import Interrupts
from penstock.engine.worker import WorkServer
from penstock.model.errors import PenstockError
from penstock.model.messages import BlockOrder, FromWorker, InputOrder, Limits, Output, Shutdown, WorkOrder
from penstock.model.product import Fence, ProductRef
from penstock.sdk import context

_SOURCE = """
@sensor
def rehearse(*args, **kwargs):
    return True
"""


_STORING = """
@transformer
def rehearse(*args, **kwargs):
    return len(args)
"""

_FOLDER = "penstock-rehearsal-"
_QUERIES = (
    "SELECT range AS id, range::DOUBLE AS x, 'label ' || range % 1000 AS label FROM range(10500)",
    "SELECT label, count(*) AS n, sum(x) AS total, max(id) AS latest FROM {{ df_1 }} GROUP BY label",
)


def rehearse() -> Iterator[None]:
    """Carry out an order that reads and stores nothing, and leave no trace of it."""
    yield
    _perform(_order("sensor", _SOURCE, "/nonexistent/data", Fence("rehearsal", "rehearsal", 1)))


def rehearse_storing() -> None:
    """As `rehearse`, with one block that publishes what it returns and one that reads it, in a folder that goes away.

    Building what reads a manifest takes a worker a millisecond, if its parent has not.
    """
    with contextlib.suppress(OSError):
        _remove_left_over()
    for _ in _rehearse_chain("python", (_STORING, _STORING)):
        pass


def _remove_left_over() -> None:
    """Remove the folders of rehearsals whose process was killed before it could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        process = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if process.isdecimal() and not Path("/proc", process).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _rehearse_chain(language: str, sources: tuple[str, ...]) -> Iterator[None]:
    """Carry out one block after the other, each reading what the last has published, in a folder that goes away."""
    prefix = f"{_FOLDER}{os.getpid()}-"
    with contextlib.suppress(OSError, PenstockError), tempfile.TemporaryDirectory(prefix=prefix) as folder:
        store = ProductStore(folder)
        inputs: tuple[InputOrder, ...] = ()
        for number, source in enumerate(sources):
            yield
            fence = store.issue_fence(f"run {number}", "rehearsal")
            ref = _perform(_order("transformer", source, folder, fence, inputs, language))
            inputs = (InputOrder("rehearsal", ref, units=("rehearsal",), type="transformer", language=language),)


def _order(
    kind: str, source: str, data: str, fence: Fence, inputs: tuple[InputOrder, ...] = (), language: str = "python"
) -> WorkOrder:
    block = BlockOrder("rehearsal", "rehearsal", kind, language, None, source, tuple(i.block for i in inputs), {})
    return WorkOrder(
        run=fence.run,
        attempt=1,
        fence=fence,
        project="/nonexistent/rehearsal",
        project_name="rehearsal",
        data_root=data,
        pipeline="rehearsal",
        partition="_",
        block=block,
        inputs=inputs,
        datetimes={"execution_date": "2026-01-01T00:00:00+00:00"},
        limits=Limits(memory=1 << 40),
    )


def _perform(order: WorkOrder) -> ProductRef | None:
    """Carry the order out in this process; the version that it has published."""
    published: list[ProductRef] = []

    class Rehearsal(WorkerChannel):
        def send(self, message: FromWorker, *, hold: bool = False) -> None:
            if isinstance(message, Output):
                published.append(message.ref)
            super().send(message, hold=hold)

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(TO_WORKER.encode(order) + TO_WORKER.encode(Shutdown()))
        server = WorkServer(Rehearsal(theirs), Interrupts())
        with contextlib.suppress(OSError):
            server.serve()
        server.forget_project()
    context.activate(None)
    for name in [name for name in sys.modules if name.startswith("penstock_block_")]:
        del sys.modules[name]
    return published[0] if published else None


def _rehearse_sql() -> Iterator[None]:
    """As `rehearse_storing` for blocks in SQL, and open the database that such a block will ask.

    Much of what DuckDB and Arrow do for it is dear when a process does it for the first time.
    """
    from penstock.languages.sql.embedded import open_ahead

    yield from _rehearse_chain("sql", _QUERIES)
    yield
    open_ahead()
    yield
    _tidy_up()


def _tidy_up() -> None:
    """Drop what was rehearsed with, now, and keep what there is then out of the garbage collections of the block.

    It hangs together in circles and holds two databases, whose threads take 7 ms to end: else the first collection
    would wait for them, mostly while the block stores its rows.
    """
    gc.collect()
    gc.freeze()


WARM_UPS: Mapping[str, Callable[[], Iterator[None]]] = {"python": rehearse, "sql": _rehearse_sql}
"""What a worker does while no order has come, by the language of the order that is expected.

Each yields where it may be left; the first time before it has done anything.
"""
