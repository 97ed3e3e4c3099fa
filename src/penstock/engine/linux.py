"""What Linux offers to hold a process and all that descends from it: parent-death signals, subreapers, /proc."""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_PAGE = os.sysconf("SC_PAGE_SIZE")
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, daemons that have left their session included."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Be killed when the parent ends; ends at once when it has ended already."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def prefer_for_oom(score: int) -> None:
    """Make the kernel choose this process before others when memory runs out; `score` is 0 to 1000."""
    with suppress(OSError):
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        try:
            os.write(descriptor, b"%d" % score)
        finally:
            os.close(descriptor)


def children(of: int | None = None) -> list[int]:
    """The process ids of the children of a process without threads, this one by default; zombies included."""
    parent = of or os.getpid()
    try:
        return [int(word) for word in _read(f"/proc/{parent}/task/{parent}/children").split()]
    except FileNotFoundError:  # a kernel that was built without this file, or the process has gone
        return [pid for pid in _every_process() if _parent(pid) == parent]


def processes_marked(mark: bytes) -> list[int]:
    """Processes of this user that were started with that text in their environment."""
    found = []
    for pid in _every_process():
        with suppress(OSError):  # another user's, or gone; what a zombie shows is empty
            if mark in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
    return found


def private_bytes() -> int:
    """Private writable memory of this process that RLIMIT_DATA counts."""
    return int(_read("/proc/self/statm").split()[5]) * _PAGE


def foreign_threads() -> list[str]:
    """The names of this process's threads other than the main one."""
    names = []
    for thread in Path("/proc/self/task").iterdir():
        if int(thread.name) != os.getpid():
            with suppress(OSError):
                names.append((thread / "comm").read_text(encoding="utf-8", errors="replace").strip())
    return names


def _read(path: str) -> bytes:
    """A short file of /proc, without the layers that Path and open put around it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 1 << 16)
    finally:
        os.close(descriptor)


def _every_process() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0
