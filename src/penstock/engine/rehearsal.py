"""A block that does nothing, run in the zygote itself, so that no worker is the first to run the code of all workers.

What Python learns about code by running it (specialised instructions, caches, lazily built decoders) is then inherited
by every fork; without it each attempt learns it again, in memory that it must copy first.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable, Mapping

from penstock.engine.channel import TO_WORKER, WorkerChannel
from penstock.engine.interrupts import Interrupts
from penstock.engine.worker import WorkServer
from penstock.model.messages import BlockOrder, Limits, Shutdown, WorkOrder
from penstock.model.product import Fence
from penstock.sdk import context

_SOURCE = """
@sensor
def rehearse(*args, **kwargs):
    return True
"""


def rehearse() -> None:
    """Carry out an order that reads and stores nothing, and leave no trace of it."""
    block = BlockOrder("rehearsal", "rehearsal", "sensor", "python", None, _SOURCE, (), {})
    order = WorkOrder(
        run="rehearsal",
        attempt=1,
        fence=Fence("rehearsal", "rehearsal", 1),
        project="/nonexistent/rehearsal",
        project_name="rehearsal",
        data_root="/nonexistent/data",
        pipeline="rehearsal",
        partition="_",
        block=block,
        limits=Limits(memory=1 << 40),
    )
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(TO_WORKER.encode(order) + TO_WORKER.encode(Shutdown()))
        server = WorkServer(WorkerChannel(theirs), Interrupts())
        with contextlib.suppress(OSError):
            server.serve()
        server.forget_project()
    context.activate(None)
    for name in [name for name in sys.modules if name.startswith("penstock_block_")]:
        del sys.modules[name]


def _rehearse_sql() -> None:
    """As `rehearse`, and open the database that an SQL block will ask."""
    from penstock.languages.sql.embedded import open_ahead

    rehearse()
    open_ahead()


WARM_UPS: Mapping[str, Callable[[], None]] = {"python": rehearse, "sql": _rehearse_sql}
"""What a worker does while no order has come, by the language of the order that is expected."""
