"""Tells when processes end that are not our children, without asking again and again."""

from __future__ import annotations

import os
import selectors
import socket
import threading
from collections.abc import Callable, Hashable


class Departures:
    """Waits for the end of processes, in a thread of its own that is there once there is something to wait for.

    Where the system cannot tell (it is none with pidfd_open), nobody is told.

    Args:
        told: called with what was waited for, in that thread or in the caller's of `watch`; it must not raise.
    """

    def __init__(self, told: Callable[[Hashable], None]) -> None:
        self._told = told
        self._lock = threading.Lock()
        self._watched: set[Hashable] = set()
        self._new: list[tuple[int, Hashable]] = []
        self._thread: threading.Thread | None = None
        self._wake: socket.socket | None = None
        self._closing = False

    def watch(self, pid: int, what: Hashable) -> None:
        """Tell `what` when that process has ended, at once when it has; asked twice for the same, it is told once."""
        if not hasattr(os, "pidfd_open"):
            return
        with self._lock:
            if self._closing or what in self._watched:
                return
            try:
                descriptor = os.pidfd_open(pid)
            except ProcessLookupError:
                descriptor = -1
            except OSError:
                return
            if descriptor >= 0:
                self._watched.add(what)
                self._new.append((descriptor, what))
                self._begin()
        if descriptor < 0:
            self._told(what)

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            self._closing = True
            if self._wake is not None:
                self._wake.send(b"x")
        if self._thread is not None:
            self._thread.join()
        if self._wake is not None:
            self._wake.close()

    def _begin(self) -> None:
        if self._thread is None:
            self._wake, theirs = socket.socketpair()
            self._thread = threading.Thread(target=self._run, args=(theirs,), name="penstock-departures", daemon=True)
            self._thread.start()
        assert self._wake is not None
        self._wake.send(b"x")

    def _run(self, awake: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, awake:
            selector.register(awake, selectors.EVENT_READ)
            while not self._closing:
                for key, _ in selector.select():
                    if key.fileobj is awake:
                        awake.recv(4096)
                        self._take(selector)
                    else:
                        selector.unregister(key.fileobj)
                        os.close(key.fd)
                        with self._lock:
                            self._watched.discard(key.data)
                        self._told(key.data)
            self._take(selector)
            for key in list(selector.get_map().values()):
                if key.fileobj is not awake:
                    os.close(key.fd)

    def _take(self, selector: selectors.BaseSelector) -> None:
        with self._lock:
            new, self._new = self._new, []
        for descriptor, what in new:
            selector.register(descriptor, selectors.EVENT_READ, what)
