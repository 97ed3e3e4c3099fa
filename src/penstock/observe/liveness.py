"""Whether the process that drives a run still lives, told by what it wrote into the run's record at its start."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

_START_TIME = 19
"""Place of the start time among the fields of /proc/<pid>/stat that follow the name."""
_FIRST_SPACE = "pid:[4026531836]"
"""The numbers of processes of the machine itself, as Linux names them."""


def identity() -> dict[str, Any]:
    """What tells this process from any other that has or will have its number."""
    pid = os.getpid()
    return {"pid": pid, "started": _started(pid), "host": _host()}


def is_gone(process: dict[str, Any]) -> bool:
    """Whether that process has ended; one of another machine, or of before a restart of this one, counts as gone."""
    pid = process.get("pid")
    if not isinstance(pid, int) or process.get("host") != _host():
        return True
    started = _started(pid)
    return started is None or started != process.get("started")


def last_sign(folder: Path) -> float:
    """When something was last written to the record or the logs of a run, which are in that folder.

    In seconds since the epoch. Of a run whose process was killed it is the last that is known.
    """
    try:
        with os.scandir(folder) as found:
            return max((entry.stat().st_mtime for entry in found), default=0.0)
    except OSError:  # it is being removed
        return 0.0


def is_nowhere(host: str, pid: int) -> bool:
    """Whether this is where `machine` has that name, and no process has that number; of others nothing is known."""
    return host == machine() and _started(pid) is None


@cache
def machine() -> str:
    """The name of this machine; in a container with process numbers of its own, these too: names may be the same."""
    space = number_space()
    return platform.node() if space in {"", _FIRST_SPACE} else f"{platform.node()} {space}"


def number_space() -> str:
    """What tells apart numbers of processes in containers; "" where nothing does."""
    with suppress(OSError, NotImplementedError):  # a system without /proc, or without links
        return str(Path("/proc/self/ns/pid").readlink())
    return ""


@cache
def _host() -> str:
    """This machine since it was last started."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:13]
    except OSError:
        boot = ""
    return f"{platform.node()} {boot}".strip()


def _started(pid: int) -> str | None:
    """When the process of that number started, in a form that only compares; None when there is none."""
    if platform.system() == "Linux":
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        fields = text.rpartition(")")[2].split()  # the name before it may hold anything, brackets included
        return None if fields[0] in {"Z", "X"} else fields[_START_TIME]
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return None
