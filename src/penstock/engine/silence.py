"""Tells a zygote that hangs from one that is slow. Linux only."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

HUNG = 60.0
"""Seconds of silence after which a zygote hangs, although it could have done something in them; it gives up an import
after half as many by itself."""
LONGEST = 100.0
"""Seconds of silence after which it hangs, whatever it seems to do; a worker has 120 to come up."""

_LOOK = 4.0
"""Seconds that count at most between two looks: whoever looks may have been kept from it, and the zygote with him."""
_TICK = 1 / os.sysconf("SC_CLK_TCK") if sys.platform == "linux" else 0.0


class Silence:
    """How long nothing has been heard of a zygote by those who wait for something of it.

    Args:
        pid: the zygote.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._oldest = -1
        self._lasted = self._idled = self._looked = 0.0
        self._before: _Work | None = None

    def end(self) -> None:
        """It has said something, or nobody waits for anything; the next look is the first one."""
        self._before = None

    def hangs(self, oldest: int) -> bool:
        """Look again; whether it hangs.

        While it waits for a processor, or reads what it is to import, it is slow: those seconds count for `LONGEST`
        alone.

        Args:
            oldest: what has been waited for longest; another one than at the last look is a sign of life.
        """
        now, work, before = time.monotonic(), _work(self._pid), self._before
        if before is None or oldest != self._oldest:
            self._lasted = self._idled = 0.0
        else:
            seconds = min(now - self._looked, _LOOK)
            self._lasted += seconds
            if work.reads == before.reads:
                self._idled += work.cpu - before.cpu if work.runs else seconds
        self._oldest, self._looked, self._before = oldest, now, work
        return self._idled > HUNG or self._lasted > LONGEST


class _Work(NamedTuple):
    """What a process has done so far; `runs` is whether it has, or waits for, a processor at this moment."""

    runs: bool
    cpu: float
    reads: tuple[int, int]


def _work(pid: int) -> _Work:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:  # it has gone, which reading from it will find out
        return _Work(runs=False, cpu=0.0, reads=(0, 0))
    calls = 0
    with suppress(OSError):  # a kernel that does not count them
        calls = int(Path(f"/proc/{pid}/io").read_bytes().partition(b"syscr:")[2].split()[0])
    cpu = (int(fields[11]) + int(fields[12])) * _TICK
    return _Work(runs=fields[0] == b"R", cpu=cpu, reads=(int(fields[9]), calls))
