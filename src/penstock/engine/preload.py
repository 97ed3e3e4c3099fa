"""Which modules a zygote may import, and importing one there.

Only what is installed in a site-packages folder: never a project's code, which must be read afresh by every attempt. A
library that starts threads when it is imported cannot be forked from, with the exception of thread pools that are
known to survive a fork.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import FrameType

from penstock.engine.control import PreloadOutcome
from penstock.engine.dependencies import site_folders
from penstock.engine.linux import foreign_threads

SECONDS = 30.0
"""How long one import may take in the zygote; a library that waits for the network would hold up every block."""

_FORK_SAFE_THREADS = ("jemalloc_bg_thd", "polars-")
"""Names of background threads whose libraries were measured to work in forked children when they are only imported."""


class ImportTooSlowError(BaseException):
    """An import took longer than `SECONDS`; not an Exception, so that the library does not swallow it."""


def preload(module: str) -> tuple[PreloadOutcome, str]:
    """Import the module into this process.

    Returns:
        The outcome and, unless it was loaded, the reason. After `THREADS` the process must not fork any more.
    """
    if module in sys.modules:
        return PreloadOutcome.LOADED, ""
    try:
        if not _installed(module.partition(".")[0]):
            return PreloadOutcome.REFUSED, "not an installed package"
        with _alarm(SECONDS), _bytecode():
            import_module(module)
    except (KeyboardInterrupt, ImportTooSlowError):
        return PreloadOutcome.FAILED, f"took longer than {SECONDS:g} s"
    except BaseException as error:  # noqa: BLE001 - a library may raise anything, SystemExit included, and the zygote lives on
        return PreloadOutcome.FAILED, f"{type(error).__name__}: {error}"[:500]
    if unsafe := unsafe_threads():
        return PreloadOutcome.THREADS, f"starts threads: {', '.join(sorted(set(unsafe)))}"
    return PreloadOutcome.LOADED, ""


def unsafe_threads() -> list[str]:
    """Threads of this process that would be missing in a forked child without anybody making up for it."""
    if threading.active_count() > 1:
        return [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if not _unknown_threads():
        return []
    # The thread pools of OpenBLAS and its like end themselves before a fork and start again afterwards.
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return _unknown_threads()


def _unknown_threads() -> list[str]:
    return [name for name in foreign_threads() if not name.startswith(_FORK_SAFE_THREADS)]


def _installed(root: str) -> bool:
    if root == "penstock":  # wherever it is: our own modules are no project's
        return True
    spec = find_spec(root)
    if spec is None:
        return False
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or [])
    return bool(places) and all(place.startswith(site_folders()) for place in places)


@contextmanager
def _bytecode() -> Iterator[None]:
    """Keep what is compiled, as Python was started to: it is of no project, whose import path may have forbidden it."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def stop(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        raise ImportTooSlowError

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
