"""Ends a process with everything that it has started, wherever that has gone; for systems without subreapers."""

from __future__ import annotations

import sys
from contextlib import suppress

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
    doomed.update({stray.pid: stray for stray in _marked(mark)})
    for entry in doomed.values():
        with suppress(psutil.Error):
            entry.kill()
    psutil.wait_procs(doomed.values(), timeout=_PATIENCE)


def _marked(mark: bytes) -> list[psutil.Process]:  # type: ignore[name-defined]  # noqa: F821 - imported where it is used
    import psutil

    if sys.platform == "linux":
        from penstock.engine.linux import processes_marked

        found = []
        for pid in processes_marked(mark):
            with suppress(psutil.Error):
                found.append(psutil.Process(pid))
        return found
    name, _, value = mark.decode().partition("=")
    found = []
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
