"""Workers as fresh interpreters, for systems without fork: the same channel over a loopback connection.

The interpreter costs some hundred milliseconds; everything else is as with `forking`. Made of threads and sockets only,
so that it is the same program on Linux, macOS and Windows.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import IO

from penstock.engine.headstart import marked_environment, new_mark
from penstock.engine.process import Exit, PipeEnd, Source, WorkerProcess
from penstock.engine.process_tree import kill_tree
from penstock.engine.reactor import Reactor

_COMMAND = "from penstock.engine.worker import main; main()"
_CHUNK = 1 << 16
_TOKEN_BYTES = 32


class SpawnLauncher:
    """Starts a Python process for each worker.

    Args:
        reactor: waits for connections, output and ends.
        python: the interpreter of the workers.
        cwd: their working directory; None is this process's.
        environment: their environment; None is this process's.
    """

    warm = False

    def __init__(self, reactor: Reactor, python: str, cwd: str | None, environment: Mapping[str, str] | None) -> None:
        self._reactor = reactor
        self._python = python
        self._cwd = cwd
        self._environment = environment
        self._listener: socket.socket | None = None
        self._children: dict[int, _Child] = {}
        self._tokens: dict[bytes, WorkerProcess] = {}
        self.imported: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Listen on a loopback port for the workers to call."""
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self._listener.setblocking(False)
            self._reactor.on_readable(self._listener, self._accept)

    def spawn(self, process: WorkerProcess, needs: Iterable[str], *, warm: str = "") -> None:
        """Start an interpreter; it imports what it needs itself."""
        del needs, warm
        self.start()
        assert self._listener is not None
        token = secrets.token_hex(_TOKEN_BYTES // 2)
        value, mark = new_mark()
        child = _Child(self._open(marked_environment(self._environment, value)), mark)
        self._children[process.number] = child
        self._tokens[token.encode()] = process
        process.attach_streams({"stdout": child.stdout, "stderr": child.stderr})
        self._reactor.on_readable(child.ended, partial(self._on_end, process, child, token.encode()))
        host, port = self._listener.getsockname()
        child.introduce(f"{host} {port} {token}\n")

    def _open(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        command = [self._python, "-P", "-c", _COMMAND]
        pipe = subprocess.PIPE
        if sys.platform == "win32":
            group = subprocess.CREATE_NEW_PROCESS_GROUP
            return subprocess.Popen(  # noqa: S603 - our own program
                command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=self._cwd, env=environment, creationflags=group
            )
        return subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=self._cwd, env=environment, start_new_session=True
        )

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        self._reactor.on_readable(connection, partial(self._on_call, connection))

    def _on_call(self, connection: socket.socket) -> None:
        """The first bytes of a connection must be the token of a worker that is expected."""
        try:
            token = connection.recv(_TOKEN_BYTES)
        except BlockingIOError:
            return
        except OSError:
            token = b""
        self._reactor.forget(connection)
        process = self._tokens.pop(token, None)
        if process is None:
            connection.close()
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        process.attach(connection)

    def preload(self, modules: Iterable[str]) -> None:
        """Nothing can be imported ahead."""

    def unsafe(self) -> set[str]:
        """None."""
        return set()

    def tried(self) -> set[str]:
        """None."""
        return set()

    def interrupt(self, process: WorkerProcess) -> None:
        """SIGINT to the worker's process group; its like on Windows."""
        child = self._children.get(process.number)
        if child is None or child.is_over:
            return
        with suppress(OSError):
            if sys.platform == "win32":
                child.popen.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                os.killpg(child.popen.pid, signal.SIGINT)

    def kill(self, process: WorkerProcess) -> None:
        """Kill the worker and everything that it has started."""
        child = self._children.get(process.number)
        if child is not None:
            kill_tree(child.popen.pid if not child.is_over else None, child.mark)

    def _on_end(self, process: WorkerProcess, child: _Child, token: bytes) -> None:
        if not child.receive_end():
            return
        self._reactor.forget(child.ended)
        self._tokens.pop(token, None)
        kill_tree(None, child.mark)
        child.join()
        self._children.pop(process.number, None)
        process.exited(Exit(child.popen.returncode))

    def close(self, *, idle: bool) -> None:
        """Kill every worker and wait for the last."""
        del idle
        if self._listener is not None:
            self._reactor.forget(self._listener)
            self._listener.close()
            self._listener = None
        for child in self._children.values():
            kill_tree(child.popen.pid, child.mark)
        for child in self._children.values():
            self._reactor.forget(child.ended)
            child.popen.wait()
            child.join()
        self._children.clear()
        self._tokens.clear()


class _Child:
    """A process with the threads that turn its pipes and its end into sockets, which can be waited for anywhere."""

    def __init__(self, popen: subprocess.Popen[bytes], mark: bytes) -> None:
        self.popen = popen
        self.mark = mark
        self.is_over = False
        self.ended, self._end_sender = socket.socketpair()
        self.ended.setblocking(False)
        self._pumps: list[threading.Thread] = []
        assert popen.stdout is not None
        assert popen.stderr is not None
        self.stdout = self._readable(popen.stdout)
        self.stderr = self._readable(popen.stderr)
        threading.Thread(target=self._wait, daemon=True).start()

    def introduce(self, line: str) -> None:
        """Tell the worker whom to call."""
        assert self.popen.stdin is not None
        with suppress(OSError), self.popen.stdin as stdin:
            stdin.write(line.encode())

    def _readable(self, source: IO[bytes]) -> Source:
        """The pipe itself where a pipe can be waited for, so that no output is late; else a socket that follows it."""
        if sys.platform == "win32":
            return self._pump(source)
        with source:
            return PipeEnd(os.dup(source.fileno()))

    def _pump(self, source: IO[bytes]) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        thread = threading.Thread(target=_copy, args=(source, theirs), daemon=True)
        self._pumps.append(thread)
        thread.start()
        return ours

    def _wait(self) -> None:
        self.popen.wait()
        with suppress(OSError):
            self._end_sender.send(b"!")

    def receive_end(self) -> bool:
        """Whether the process has ended."""
        try:
            self.is_over = bool(self.ended.recv(1))
        except BlockingIOError:
            return False
        return self.is_over

    def join(self) -> None:
        """Wait until the last output has been handed over, unless nobody takes it; then let go of the sockets."""
        for pump in self._pumps:
            pump.join(0.2)
        self.ended.close()
        self._end_sender.close()


def _copy(source: IO[bytes], target: socket.socket) -> None:
    with source, target:
        try:
            while data := os.read(source.fileno(), _CHUNK):
                target.sendall(data)
        except OSError:  # nobody listens any more
            return
