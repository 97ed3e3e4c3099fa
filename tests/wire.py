"""A line between a test and a server."""

from __future__ import annotations

import contextlib
import socket
import threading


class Wire:
    """A line to a server that can be cut and mended, or fall silent."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._silent: set[socket.socket] = set()
        self._pairs: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._begin()

    def _begin(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._pairs += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                if one not in self._silent:
                    other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def hush(self) -> None:
        """From now on nothing comes through the connections that there are, which stay open; new ones work."""
        self._silent.update(self._pairs)

    def cut(self) -> None:
        """Close all connections, and refuse new ones."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._pairs:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._pairs.clear()

    def mend(self) -> None:
        """Let new connections through again."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._begin()
