"""What an attempt may use and has used of memory and processor."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache


class Waits:
    """Tells how long this process stood still: neither worked nor wanted a processor, but waited for something else.

    Only the main thread's, from the scheduler's own account. Where the system keeps none, whatever was not work counts.
    """

    def __init__(self) -> None:
        try:
            self._account = os.open("/proc/self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._account = -1
        self._at, self._busy = time.monotonic_ns(), self._read()

    def since(self) -> float:
        """Seconds of that since the last call."""
        at, busy = time.monotonic_ns(), self._read()
        waited = at - self._at - (busy - self._busy)
        self._at, self._busy = at, busy
        return max(0, waited) / 1e9

    def _read(self) -> int:
        """Nanoseconds at work, and of waiting for a processor."""
        try:
            wanted = int(os.pread(self._account, 64, 0).split()[1])
        except (OSError, IndexError, ValueError):
            wanted = 0
        return time.thread_time_ns() + wanted


@dataclass(frozen=True, slots=True)
class Usage:
    """Peak resident memory in bytes, and processor seconds of the process and its ended children."""

    peak_memory: int
    cpu_seconds: float

    def since(self, before: Usage) -> Usage:
        """What was used after `before`; the peak is that of the process's whole life."""
        return Usage(self.peak_memory, round(self.cpu_seconds - before.cpu_seconds, 6))


def usage() -> Usage:
    """The use of this process so far."""
    if sys.platform == "win32":
        import psutil

        process = psutil.Process()
        times = process.cpu_times()
        return Usage(process.memory_info().peak_wset, times.user + times.system)
    import resource

    own = resource.getrusage(resource.RUSAGE_SELF)
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    cpu = own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
    return Usage(own.ru_maxrss * unit, cpu)


def limit_memory(limit: int | None) -> AbstractContextManager[None]:
    """Bound what the process may allocate beyond what it holds now; files that are mapped to be read are free.

    Where the system has no such limit (anything but Linux) this does nothing: the supervisor watches instead.

    Args:
        limit: bytes of private memory; None is no bound.
    """
    return nullcontext() if limit is None or sys.platform != "linux" else _bounded(limit)


@contextmanager
def _bounded(limit: int) -> Iterator[None]:
    import resource

    from penstock.engine.linux import private_bytes

    _watch_private_maps()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    _raise_to(private_bytes() + limit, hard)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _raise_to(wanted: int, hard: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


@cache
def _watch_private_maps() -> None:
    """Have the limit grow with each input that the block may write to: only what it does write takes memory."""
    from penstock.data import on_private_map

    on_private_map(_allow)


def _allow(size: int) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft != resource.RLIM_INFINITY:
        _raise_to(soft + size, hard)
