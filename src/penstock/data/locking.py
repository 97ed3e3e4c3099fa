"""Locks between processes on an open file; they end with the process that holds them, however it ends."""

from __future__ import annotations

import sys

if sys.platform == "win32":  # pragma: no cover - exercised on Windows only
    import msvcrt
    import time

    def acquire(descriptor: int, *, shared: bool = False, wait: bool = True) -> bool:
        """Lock the file; Windows knows no shared lock here, so that one is exclusive too."""
        del shared
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    return False
                time.sleep(0.005)
            else:
                return True

else:
    import fcntl

    def acquire(descriptor: int, *, shared: bool = False, wait: bool = True) -> bool:
        """Lock the file behind the descriptor until it and its copies are closed; False when it is taken already.

        Raises:
            OSError: the file system knows no locks.
        """
        operation = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, operation if wait else operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
