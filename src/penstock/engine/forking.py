"""Workers forked from a zygote: a warm process that starts a worker in milliseconds. Linux only."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from penstock.engine import control, headstart
from penstock.engine.control import DATAGRAM_LIMIT, Exited, Imported, Importing, Preload, PreloadOutcome, Spawn
from penstock.engine.process import Exit, PipeEnd, WorkerProcess
from penstock.engine.reactor import Reactor

_PATIENCE = 5.0
STOPPED = 2.0
"""Seconds that workers may take to come up before the zygote is told to go on, should it have been stopped."""
_LOG_TAIL = 4000


class ForkLauncher:
    """Keeps a zygote and has it fork workers; starts another one when it is lost.

    Args:
        reactor: waits for the zygote's messages.
        python: the interpreter of the workers.
        cwd: their working directory; None is this process's.
        environment: their environment; None is this process's.
    """

    warm = True

    def __init__(self, reactor: Reactor, python: str, cwd: str | None, environment: Mapping[str, str] | None) -> None:
        self._reactor = reactor
        self._python = python
        self._cwd = cwd
        self._environment = environment
        self._mark = b""
        self._connection: socket.socket | None = None
        self._log = -1
        self._pid = 0
        self._processes: dict[int, WorkerProcess] = {}
        self._backlog: deque[tuple[bytes, list[int]]] = deque()
        self._wanted: list[str] = []
        self._tried: set[str] = set()
        self._unsafe: set[str] = set()
        self._importing = ""
        self._looks = False
        self.imported: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Start the zygote, if there is none."""
        if self._connection is not None:
            return
        given = (self._python, self._cwd, self._environment)
        zygote = headstart.begun(*given) or headstart.start(*given)
        ours, self._pid, self._log, self._mark = zygote.connection, zygote.pid, zygote.log, zygote.mark
        self._connection = ours
        self._tried = set(self._unsafe)
        self._importing = ""
        self._reactor.on_readable(ours, self._on_message)
        if self._wanted:
            self.preload(self._wanted)

    def spawn(self, process: WorkerProcess, needs: Iterable[str], *, warm: str = "") -> None:
        """Ask the zygote for a worker; its end is reported even if it never comes up."""
        self.start()
        modules = [name for name in needs if name not in self._unsafe]
        self._tried.update(modules)
        opened: list[int] = []
        try:
            for pair in (_channel, os.pipe, os.pipe):
                opened += pair()
            ahead = process.ahead.open()
        except OSError:  # too many files are open
            _close_all(opened)
            raise
        channel, theirs, out, worker_out, error, worker_error = opened
        self._processes[process.number] = process
        self._send(control.encode(Spawn(process.number, modules, warm)), [theirs, worker_out, worker_error, ahead])
        process.attach(socket.socket(fileno=channel))
        process.attach_streams({"stdout": PipeEnd(out), "stderr": PipeEnd(error)})
        if not self._looks:
            self._look_later()

    def _look_later(self) -> None:
        self._looks = True
        self._reactor.at(self, time.monotonic() + STOPPED, self._look)

    def _look(self) -> None:
        """Have the zygote go on if somebody has stopped it, as a block can: no later worker would come up."""
        self._looks = False
        if self._connection is not None and any(process.pid is None for process in self._processes.values()):
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGCONT)
            self._look_later()

    def preload(self, modules: Iterable[str]) -> None:
        """Have the zygote import these when it has nothing else to do."""
        known = set(self._wanted)
        self._wanted += [name for name in modules if name not in known]
        wanted = [name for name in self._wanted if name not in self._tried]
        if self._connection is not None and wanted:
            self._send(control.encode(Preload(wanted)), [])

    def unsafe(self) -> set[str]:
        """Modules that start threads, crash or hang when they are imported."""
        return set(self._unsafe)

    def tried(self) -> set[str]:
        """Modules that the zygote has imported, will have imported before the next fork, or cannot import."""
        return self._tried

    def interrupt(self, process: WorkerProcess) -> None:
        """SIGINT to the worker's process group."""
        self._signal(process, signal.SIGINT)

    def kill(self, process: WorkerProcess) -> None:
        """SIGKILL to the worker's process group; the zygote kills what has left the group once the worker is dead.

        One that has not come up yet runs nothing any more, as its first message meets a closed channel.
        """
        self._signal(process, signal.SIGKILL)
        if process.pid is None and self._processes.pop(process.number, None) is not None:
            self._reactor.soon(lambda: process.exited(Exit(None, "it was given up before it had come up")))

    def _signal(self, process: WorkerProcess, number: signal.Signals) -> None:
        if process.pid is not None and process.exit is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    def close(self, *, idle: bool) -> None:
        """Let the zygote kill everything and end; where it has nothing to clean up or is busy, kill it."""
        if self._connection is None:
            return
        self._drop_connection()
        if idle or self._importing or not self._wait(_PATIENCE):
            os.kill(self._pid, signal.SIGKILL)
            self._wait(_PATIENCE)
            if not idle:
                self._sweep()
        os.close(self._log)
        self._processes.clear()

    def _wait(self, seconds: float) -> bool:
        """Wait for the zygote's end and collect it; whether it ended in time."""
        try:
            handle = os.pidfd_open(self._pid)
        except OSError:
            return True
        try:
            poller = select.poll()
            poller.register(handle, select.POLLIN)
            if not poller.poll(seconds * 1000):
                return False
        finally:
            os.close(handle)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        return True

    def _send(self, data: bytes, descriptors: list[int]) -> None:
        self._backlog.append((data, descriptors))
        if len(self._backlog) == 1:
            self._flush()

    def _flush(self) -> None:
        connection = self._connection
        if connection is None:
            return
        while self._backlog:
            data, descriptors = self._backlog[0]
            try:
                if descriptors:
                    socket.send_fds(connection, [data], descriptors)
                else:
                    connection.send(data)
            except BlockingIOError:  # it is importing something and has not read for a while
                self._reactor.on_writable(connection, self._flush)
                return
            except OSError:  # it is gone, which reading will find out
                pass
            self._backlog.popleft()
            _close_all(descriptors)
        self._reactor.on_writable(connection, None)

    def _on_message(self) -> None:
        connection = self._connection
        while connection is not None and connection is self._connection:
            try:
                data = connection.recv(DATAGRAM_LIMIT)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._lost()
                return
            self._take(control.decode_from_zygote(data))

    def _take(self, message: control.FromZygote) -> None:
        match message:
            case Exited():
                code = os.waitstatus_to_exitcode(message.status)
                self._report(message.process, Exit(code, "", message.peak_memory, message.cpu_seconds))
            case control.SpawnFailed():
                self._report(message.process, Exit(None, f"it could not be started: {message.reason}"))
            case Importing():
                self._importing = message.module
            case Imported():
                self._importing = ""
                self._tried.add(message.module)
                if message.outcome is PreloadOutcome.THREADS:
                    self._unsafe.add(message.module)
                if self._tried.issuperset(self._wanted):
                    self.imported()

    def _report(self, number: int, end: Exit) -> None:
        process = self._processes.pop(number, None)
        if process is not None:
            process.exited(end)

    def _lost(self) -> None:
        """The zygote has died: its workers die with it, and what they have left running is looked for."""
        self._drop_connection()
        reason = "the process that starts workers ended"
        if self._wait(_PATIENCE):
            if tail := self._log_tail():
                reason += f": {tail}"
        else:
            os.kill(self._pid, signal.SIGKILL)
            self._wait(_PATIENCE)
        if self._importing:
            self._unsafe.add(self._importing)
            reason += f" while it imported {self._importing}"
        os.close(self._log)
        self._sweep()
        for number in list(self._processes):
            self._report(number, Exit(None, reason))

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._reactor.forget(self._connection)
            self._connection.close()
            self._connection = None
        while self._backlog:
            _close_all(self._backlog.popleft()[1])

    def _log_tail(self) -> str:
        size = os.fstat(self._log).st_size
        text = os.pread(self._log, _LOG_TAIL, max(0, size - _LOG_TAIL)).decode("utf-8", "replace")
        return text.strip().rpartition("\n")[2]

    def _sweep(self) -> None:
        from penstock.engine.process_tree import kill_tree

        kill_tree(None, self._mark)


def _channel() -> tuple[int, int]:
    ours, theirs = socket.socketpair()
    return ours.detach(), theirs.detach()


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def available() -> bool:
    """Whether this system has what forking workers takes."""
    return sys.platform == "linux"
