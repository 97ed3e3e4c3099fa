"""How a process that lives for months, or is forked from one that does, holds its memory."""

from __future__ import annotations

import gc
import sys
import typing
from contextlib import suppress

_M_ARENA_MAX = -8
"""Of `mallopt` in the GNU C library."""


def share_one_heap() -> None:
    """Have all threads to come take memory from one heap, where the C library is that of GNU; else nothing changes.

    By itself each thread gets a heap of its own, and what one leaves free the others cannot use: over 70,000 runs a
    server came to hold 45 MB in them. Python lets one thread run at a time, so there is little to wait for.
    """
    if sys.platform == "linux":
        import ctypes

        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def spare_what_stays() -> None:
    """Keep all that was made until now out of every garbage collection to come.

    Modules, classes and what was opened at the start stay as long as the process. To look through their 100,000 objects
    takes 60 ms, in which nothing else runs, every few hundred runs: a block that begins just then would wait for it.
    """
    gc.freeze()


def keep_typing_caches() -> None:
    """Have nobody empty the caches of `typing` at the end of this process, or of one that is forked from it.

    Libraries that are bound by nanobind do that, DuckDB among them, so as to find leaks. In a process that is about to
    end it frees nothing, and takes a millisecond, for that memory was shared until then.
    """
    getattr(typing, "_cleanups", []).clear()
