"""Paths that change in folders, as the system tells them: woken by the kernel on Linux, by `watchfiles` elsewhere.

`watchfiles` looks every few milliseconds for what its threads have gathered, which an idle server pays for; Linux lets
a thread sleep until something happens.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from errno import ENOENT, ENOSPC, ENOTDIR
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inotify_simple import Event, INotify

GATHER_MILLISECONDS = 60
"""How long changes are gathered once one has come, at most."""
QUIET_MILLISECONDS = 20
"""They are told earlier when nothing has come for so long."""
_STEP_MILLISECONDS = 50
_SETTLE_MILLISECONDS = 300
"""After so long a new watch of `watchfiles` stands."""


class Stop:
    """A request to end that also wakes a thread which waits in the kernel."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        self._is_set = False

    def set(self) -> None:
        """Ask to end; may be asked again."""
        if not self._is_set:
            self._is_set = True
            os.write(self._writing, b"x")

    def is_set(self) -> bool:
        """Whether it was asked."""
        return self._is_set

    def fileno(self) -> int:
        """Readable once it was asked."""
        return self._reading

    def close(self) -> None:
        """Give the descriptors back, when nobody waits any more."""
        os.close(self._reading)
        os.close(self._writing)


def changes(folders: list[str], wanted: Callable[[str], bool], stop: Stop) -> Iterator[set[str]]:
    """Sets of paths that have changed in these folders, not below them, until `stop` is set.

    The first set, empty, says that the watch stands: what changes from then on is told. The iterator ends early when
    the system has lost changes, so that the caller looks for them and begins anew.

    Args:
        folders: absolute paths.
        wanted: whether a path is worth telling.
        stop: ends it.

    Raises:
        OSError: the system watches no more folders, or none at all.
        RuntimeError: the same, as `watchfiles` says it.
    """
    return _told_by_kernel(folders, wanted, stop) if sys.platform == "linux" else _looked_for(folders, wanted, stop)


def _told_by_kernel(folders: list[str], wanted: Callable[[str], bool], stop: Stop) -> Iterator[set[str]]:
    from inotify_simple import INotify, flags

    mask = flags.CREATE | flags.MODIFY | flags.CLOSE_WRITE | flags.MOVED_FROM | flags.MOVED_TO | flags.DELETE
    mask |= flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR | flags.EXCL_UNLINK
    with INotify() as kernel:
        names: dict[int, str] = {}
        for folder in folders:
            try:
                names[kernel.add_watch(folder, mask)] = folder
            except PermissionError:
                continue
            except OSError as error:
                if error.errno in {ENOENT, ENOTDIR}:
                    continue  # it has gone meanwhile: the caller sees that when it compares folders
                raise _refused(error, len(folders)) from error
        if not names:
            raise _nothing_left(folders)
        yield set()
        while (found := _gathered(kernel, stop)) is not None:
            if any(event.mask & flags.Q_OVERFLOW for event in found):
                return
            paths = {os.path.join(names[event.wd], event.name) if event.name else names[event.wd] for event in found}  # noqa: PTH118 - many of them
            if paths := {path for path in paths if wanted(path)}:
                yield paths


def _gathered(kernel: INotify, stop: Stop) -> list[Event] | None:
    """The events of one moment, at least one; None once `stop` is set. Sleeps until then."""
    poll = select.poll()
    poll.register(kernel, select.POLLIN)
    poll.register(stop, select.POLLIN)
    events: list[Event] = []
    until = 0.0
    while True:
        wait = min(QUIET_MILLISECONDS, (until - time.monotonic()) * 1000) if events else None
        ready = poll.poll(wait) if wait is None or wait > 0 else []
        if stop.is_set():
            return None
        if not ready:
            return events
        events += kernel.read(timeout=0)
        until = until or time.monotonic() + GATHER_MILLISECONDS / 1000


def _refused(error: OSError, folders: int) -> OSError:
    if error.errno != ENOSPC:
        return error
    reason = "the system's limit of watched folders is reached; raise fs.inotify.max_user_watches"
    return OSError(ENOSPC, f"{reason} (the project has {folders:,})")


def _nothing_left(folders: list[str]) -> OSError:
    return FileNotFoundError(ENOENT, "no folder is left to watch", folders[0])


def _looked_for(folders: list[str], wanted: Callable[[str], bool], stop: Stop) -> Iterator[set[str]]:
    import watchfiles

    if not any(os.path.isdir(folder) for folder in folders):  # noqa: PTH112 - many of them
        raise _nothing_left(folders)
    stands = False
    for found in watchfiles.watch(
        *folders,
        watch_filter=lambda _change, path: wanted(path),
        debounce=GATHER_MILLISECONDS,
        step=_STEP_MILLISECONDS,
        stop_event=stop,
        rust_timeout=_SETTLE_MILLISECONDS,
        yield_on_timeout=True,
        raise_interrupt=False,
        recursive=False,
        ignore_permission_denied=True,
    ):
        if not stands:
            stands = True
            yield set()
        if found:
            yield {path for _change, path in found}
