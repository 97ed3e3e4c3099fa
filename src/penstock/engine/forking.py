"""Workers forked from a zygote: a warm process that starts a worker in milliseconds. Linux only."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from penstock.engine import control, headstart
from penstock.engine.control import DATAGRAM_LIMIT, Exited, Imported, Importing, Preload, PreloadOutcome, Spawn
from penstock.engine.headstart import Interpreter, await_end
from penstock.engine.process import Exit, PipeEnd, WorkerProcess
from penstock.engine.reactor import Reactor
from penstock.engine.silence import Silence

if TYPE_CHECKING:
    from penstock.engine.retired import Retired

_PATIENCE = 5.0
LOOK = 2.0
"""Seconds between two looks at the zygote while it has workers: it may have been stopped, or it may hang."""
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
        self._silence: Silence | None = None
        self._retired: list[Retired] = []
        self.imported: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Start the zygote, if there is none."""
        if self._connection is not None:
            return
        given = (self._python, self._cwd, self._environment)
        zygote = headstart.begun(*given) or headstart.start(*given)
        ours, self._pid, self._log, self._mark = zygote.connection, zygote.pid, zygote.log, zygote.mark
        self._connection = ours
        self._silence = Silence(self._pid)
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
        self._reactor.at(self, time.monotonic() + LOOK, self._look)

    def _look(self) -> None:
        """See that workers come up and that their ends are told, whatever has become of the zygote."""
        self._looks = False
        self._retired = [retired for retired in self._retired if retired.look()]
        awaited = [process.number for process in self._processes.values() if _waits_for_zygote(process)]
        if self._connection is not None and self._silence is not None:
            if awaited:
                with suppress(ProcessLookupError):  # somebody may have stopped it, as a block can
                    os.kill(self._pid, signal.SIGCONT)
                if self._silence.hangs(min(awaited)):
                    self._give_up(self._connection)
            else:
                self._silence.end()
        if self._retired or any(map(_is_wanted, self._processes.values())):
            self._look_later()

    def _give_up(self, connection: socket.socket) -> None:
        """The zygote hangs: another one takes its place. Workers that are at something are let end."""
        from penstock.engine.retired import Retired

        reason = f"the process that starts workers hung{self._blame()}, and was given up"
        processes, self._processes = list(self._processes.values()), {}
        for process in processes:
            process.drain_channel()
        at_work = [process for process in processes if process.pid is not None and _is_wanted(process)]
        self._reactor.forget(connection)
        self._connection = None
        self._drop_backlog()
        retired = Retired(Interpreter(self._pid, connection, self._log, self._mark), reason, at_work)
        if retired.look():
            self._retired.append(retired)
        with suppress(OSError):  # whoever needs it tries again, and is told
            self.start()
        for process in processes:
            if process.exit is None and process not in at_work:
                process.reports.orphaned(process, reason)

    def _blame(self) -> str:
        """That something was being imported, in words; what it was is not imported there again."""
        if not self._importing:
            return ""
        self._unsafe.add(self._importing)
        return f" while it imported {self._importing}"

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
        for retired in self._retired:
            retired.end()
        self._retired.clear()
        if self._connection is None:
            return
        self._drop_connection()
        if idle or self._importing or not await_end(self._pid, _PATIENCE):
            os.kill(self._pid, signal.SIGKILL)
            await_end(self._pid, _PATIENCE)
            if not idle:
                self._sweep()
        os.close(self._log)
        self._processes.clear()

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
        if self._silence is not None:
            self._silence.end()
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
        if await_end(self._pid, _PATIENCE):
            if tail := self._log_tail():
                reason += f": {tail}"
        else:
            os.kill(self._pid, signal.SIGKILL)
            await_end(self._pid, _PATIENCE)
        reason += self._blame()
        os.close(self._log)
        self._sweep()
        for number in list(self._processes):
            self._report(number, Exit(None, reason))

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._reactor.forget(self._connection)
            self._connection.close()
            self._connection = None
        self._drop_backlog()

    def _drop_backlog(self) -> None:
        while self._backlog:
            _close_all(self._backlog.popleft()[1])

    def _log_tail(self) -> str:
        size = os.fstat(self._log).st_size
        text = os.pread(self._log, _LOG_TAIL, max(0, size - _LOG_TAIL)).decode("utf-8", "replace")
        return text.strip().rpartition("\n")[2]

    def _sweep(self) -> None:
        from penstock.engine.process_tree import kill_tree

        kill_tree(None, self._mark)


def _is_wanted(process: WorkerProcess) -> bool:
    """Whether it is to come up, is at an attempt, or waits for the next one of a session or a crew."""
    return process.pid is None or process.attempt is not None or process.kept


def _waits_for_zygote(process: WorkerProcess) -> bool:
    """Whether it is to come up, or is ending: both come of the zygote alone."""
    return process.pid is None or process.connection is None or process.doom is not None


def _channel() -> tuple[int, int]:
    ours, theirs = socket.socketpair()
    return ours.detach(), theirs.detach()


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def available() -> bool:
    """Whether this system has what forking workers takes."""
    return sys.platform == "linux"
