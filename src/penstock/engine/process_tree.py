"""Ends a process with everything that it has started, wherever that has gone; for systems without subreapers."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

_PATIENCE = 2.0


def kill_tree(pid: int | None, mark: bytes) -> None:
    """Kill the process, its descendants, and those that carry the mark in their environment.

    Args:
        pid: the process; None when it has ended already.
        mark: text in the environment that the process was started with, and that its descendants inherit.
    """
    import psutil

    doomed: dict[int, psutil.Process] = {}
    if pid is not None:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            doomed = {child.pid: child for child in process.children(recursive=True)}
            process.kill()
    _end(list(doomed.values()))
    deadline = time.monotonic() + _PATIENCE
    # What was about to fork has a child by now that the last look did not see.
    while (strays := _marked(mark)) and time.monotonic() < deadline:
        _end(strays)


def _end(doomed: list[psutil.Process]) -> None:
    import psutil

    for entry in doomed:
        with suppress(psutil.Error):
            entry.kill()
    deadline = time.monotonic() + _PATIENCE
    while not all(map(_is_over, doomed)) and time.monotonic() < deadline:
        time.sleep(0.002)


def has_ended(pid: int) -> bool:
    """Whether that process runs no more; one that nobody has collected has ended, too."""
    import psutil

    try:
        return _is_over(psutil.Process(pid))
    except psutil.Error:
        return True


def _is_over(process: psutil.Process) -> bool:
    """Whether it runs no more; one that nobody has collected is over, too."""
    import psutil

    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _marked(mark: bytes) -> list[psutil.Process]:
    import psutil

    found = []
    if sys.platform == "linux":
        from penstock.engine.linux import processes_marked

        for pid in processes_marked(mark):
            with suppress(psutil.Error):
                found.append(psutil.Process(pid))
    else:
        name, _, value = mark.decode().partition("=")
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(name) == value:
                    found.append(process)
    return found


def private_memory(pid: int) -> int:
    """Bytes of memory that the process shares with nobody; 0 when it has ended."""
    import psutil

    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except psutil.Error:
        return 0
