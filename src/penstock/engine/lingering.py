"""What a block leaves running when its function has returned: threads and processes that its own process waits for."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

_NAMED = 5
_LONGEST = 60


def left_running() -> tuple[str, ...]:
    """The threads and processes of user code that go on now and are no daemons, in words; those named first, first."""
    found: list[str] = []
    if threading.active_count() > 1:
        own = threading.current_thread()
        found += [
            f"thread {str(one.name)[:_LONGEST]}" for one in threading.enumerate() if one is not own and not one.daemon
        ]
    if (processes := sys.modules.get("multiprocessing.process")) is not None:
        children = [one for one in processes.active_children() if not one.daemon]
        found += [f"process {str(one.name)[:_LONGEST]}" for one in children]
    return tuple(found[:_NAMED])


def ended_with(left: Sequence[str], seconds: float) -> str:
    """What is told of a process that had not ended so many seconds after its block's result, and was killed."""
    what = ", ".join(left) or "something that it had begun, such as an exit handler"
    return (
        f"the block left running: {what}; that had not ended {seconds:g} s after the block's result and was killed, "
        "and what it had not done by then is lost; wait for it before the function returns, such as by join()"
    )
