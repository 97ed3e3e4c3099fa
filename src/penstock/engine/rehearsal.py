"""A block that does nothing, run in the zygote itself, so that no worker is the first to run the code of all workers.

What Python learns about code by running it (specialised instructions, caches, lazily built decoders) is then inherited
by every fork; without it each attempt learns it again, in memory that it must copy first.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping

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


def rehearse() -> None:
    """Carry out an order that reads and stores nothing, and leave no trace of it."""
    _perform(_order("sensor", _SOURCE, "/nonexistent/data", Fence("rehearsal", "rehearsal", 1)))


def rehearse_storing() -> None:
    """As `rehearse`, with one block that publishes what it returns and one that reads it, in a folder that goes away.

    Building what reads a manifest takes a worker a millisecond, if its parent has not.
    """
    with contextlib.suppress(OSError, PenstockError), tempfile.TemporaryDirectory(prefix="penstock-") as folder:
        store = ProductStore(folder)
        inputs: tuple[InputOrder, ...] = ()
        for run in ("first", "second"):
            fence = store.issue_fence(run, "rehearsal")
            ref = _perform(_order("transformer", _STORING, folder, fence, inputs))
            inputs = (InputOrder("rehearsal", ref, units=("rehearsal",), type="transformer", language="python"),)


def _order(kind: str, source: str, data: str, fence: Fence, inputs: tuple[InputOrder, ...] = ()) -> WorkOrder:
    block = BlockOrder("rehearsal", "rehearsal", kind, "python", None, source, tuple(i.block for i in inputs), {})
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
        def send(self, message: FromWorker) -> None:
            if isinstance(message, Output):
                published.append(message.ref)
            super().send(message)

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


def _rehearse_sql() -> None:
    """As `rehearse`, and open the database that an SQL block will ask."""
    from penstock.languages.sql.embedded import open_ahead

    rehearse()
    open_ahead()


WARM_UPS: Mapping[str, Callable[[], None]] = {"python": rehearse, "sql": _rehearse_sql}
"""What a worker does while no order has come, by the language of the order that is expected."""
