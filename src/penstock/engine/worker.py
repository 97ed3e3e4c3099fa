"""The program that carries out work orders: one process, one order after the other, everything told over a channel.

It is started by the zygote through fork, or as `python -m penstock.engine.worker` where fork is not to be had. It never
touches the state store.
"""

from __future__ import annotations

import atexit
import io
import os
import platform
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import count, islice
from pathlib import Path
from types import ModuleType
from typing import Any

from penstock.engine import told_by_python
from penstock.engine.ahead import Taker
from penstock.engine.channel import FROM_WORKER, TO_WORKER, FrameReader, WorkerChannel
from penstock.engine.dependencies import is_installed, look_ahead
from penstock.engine.execution import Execution
from penstock.engine.failures import failure_of
from penstock.engine.interrupts import Interrupts
from penstock.engine.lingering import left_running
from penstock.engine.memory import keep_typing_caches
from penstock.engine.project_code import ProjectCode
from penstock.engine.streams import flush_streams
from penstock.engine.usage import Usage, Waits, limit_memory, usage
from penstock.languages.python import by_value
from penstock.languages.registry import runner
from penstock.model.errors import WorkerLostError, error_class
from penstock.model.messages import (
    Answer,
    Ask,
    AskKind,
    Failure,
    Finished,
    LetGo,
    Outcome,
    Ready,
    Shutdown,
    ToWorker,
    WorkOrder,
)

_WARM = (
    "penstock.engine.execution",
    "penstock.sdk.decorators",
    "penstock.sdk.logger",
    "linecache",
    "faulthandler",
    "symtable",
    "encodings.utf_8_sig",
)
"""Modules that every block needs; imported before the order comes."""

PYTHON = platform.python_version()
_loaded = 0
_over: list[WorkServer] = []
_packages: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


def prepare() -> None:
    """Load what every order needs, and settle what all workers of this process's making share."""
    for module in _WARM:
        import_module(module)
    from penstock.sdk import imports

    imports.install()
    by_value.install()
    runner("python")
    TO_WORKER.prepare()
    look_ahead()
    keep_typing_caches()
    _set_up_streams()
    told_by_python.install()
    remember_loaded()


def remember_loaded() -> None:
    """Note what is loaded now: a block's imports are what is loaded beyond it."""
    global _loaded  # noqa: PLW0603 - written before the fork, read after it
    _loaded = len(sys.modules)


def _set_up_streams() -> None:
    """Text goes out as UTF-8, a line at a time; a crash prints its stack to stderr."""
    import faulthandler

    sys.stdout = sys.__stdout__ = _stream(1)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(2)  # type: ignore[misc]
    faulthandler.enable(file=2)


def _stream(descriptor: int) -> io.TextIOWrapper:
    """A text stream of its own making: with PYTHONUNBUFFERED the interpreter's writes a line in pieces."""
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True)


def serve(connection: Any, warm_up: Callable[[], Iterator[None]] | None = None, ahead: Taker | None = None) -> int:
    """Work until the supervisor says that no further order comes, or is gone.

    Args:
        connection: the connected stream socket to the supervisor.
        warm_up: what to do while no order has come yet; it is left at the next `yield` when one comes.
        ahead: where orders may lie ready.

    Returns:
        The exit status of the process, which the caller passes to `os._exit`.
    """
    interrupts = Interrupts()
    interrupts.install()
    server = WorkServer(WorkerChannel(connection, interrupts.shielded), interrupts, ahead)
    try:
        server.serve(warm_up)
        _leave()
        _over.append(server)  # with what its last block has made: memory goes sooner with the process than by itself
    except OSError:  # the supervisor is gone, and nobody is left to tell
        return 1
    return 0


def _leave() -> None:
    """End as an interpreter does: wait for the user's threads, run its exit handlers, write out what is buffered."""
    if threading.active_count() > 1:
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - what the interpreter calls at its end
    atexit._run_exitfuncs()  # noqa: SLF001 - as above
    flush_streams()


def let_go(connection: Any) -> None:
    """Close all that is open but the channel, and say so: nobody has to wait for the end of this process any more.

    Locks and ports go with their descriptors; giving back gigabytes of memory may take longer than the next block does
    to begin. Not where a thread or a child is left, which may use them; it takes a process that adopts orphans.
    """
    from penstock.engine import linux

    if threading.active_count() > 1 or linux.children():
        return
    found = [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
    for descriptor in found:
        if descriptor != connection.fileno():
            with suppress(OSError):
                os.close(descriptor)
    with suppress(OSError):
        connection.sendall(FROM_WORKER.encode(LetGo()))


class WorkServer:
    """Takes orders from a channel, and those that lie ready, and carries them out, one at a time."""

    def __init__(self, channel: WorkerChannel, interrupts: Interrupts, ahead: Taker | None = None) -> None:
        self._channel = channel
        self._ahead = ahead
        self._waits = Waits() if ahead is not None else None
        self._interrupts = interrupts
        self._asks = count(1)
        self._shared: dict[str, Any] = {}
        self._memory: dict[str, list[object]] = {}
        self._code: ProjectCode | None = None
        self._last: Execution | None = None
        self._served = 0

    def serve(self, warm_up: Callable[[], Iterator[None]] | None = None) -> None:
        """Until Shutdown or the end of the channel."""
        self._channel.send(Ready(os.getpid(), PYTHON))
        queues = (self._ahead.queue,) if self._ahead is not None else ()
        for _ in warm_up() if warm_up is not None else ():
            if self._channel.is_readable(*queues):
                break
        while True:
            message = self._next()
            if message is None or isinstance(message, Shutdown):
                return
            if isinstance(message, WorkOrder) and message.interactive:
                self._hold_session(message)
                return
            if isinstance(message, WorkOrder):
                finished = self._work(message)
                flush_streams()
                self._channel.send(finished)
                if finished.outcome is Outcome.FAILED:
                    self._ahead = None  # in here nothing else is to be tried
                if not self._channel.is_readable():  # else it is told to end: what is not freed takes no time
                    self._last = None
            # An Answer here is one to an ask whose thread has gone: nobody waits for it.

    def _next(self) -> ToWorker | None:
        """What is sent, else what lies ready; None when the supervisor has gone."""
        while (ahead := self._ahead) is not None and not self._channel.comes_first(ahead.queue):
            if (frame := ahead.take()) is not None:
                return next(FrameReader(TO_WORKER).feed(frame))
        return self._channel.receive()

    def _hold_session(self, order: WorkOrder) -> None:
        """Be the session of a scratchpad, until the end of the channel."""
        from penstock.engine.session import Session

        self._project_code(order)
        Session(order, self._channel, self._interrupts).serve()

    def _work(self, order: WorkOrder) -> Finished:
        before = usage()
        failure: Failure | None = None
        outcome = Outcome.FAILED
        execution: Execution | None = None
        self._served += 1
        try:
            with self._interrupts.working(first=self._served == 1), limit_memory(order.limits.memory):
                code = self._project_code(order)
                execution = self._last = Execution(
                    order,
                    self._channel.send,
                    self._ask,
                    self._interrupts,
                    self._shared,
                    code,
                    modules_before(),
                    self._memory,
                    self._waits,
                )
                outcome = execution.run()
        except BaseException as error:  # noqa: BLE001 - the worker's entry: whatever user code raises becomes a failure
            failure = failure_of(error, order.project)
            outcome = Outcome.FAILED
        return self._finished(outcome, failure, execution, usage().since(before))

    def _finished(
        self, outcome: Outcome, failure: Failure | None, execution: Execution | None, used: Usage
    ) -> Finished:
        return Finished(
            outcome=outcome,
            at=time.time(),
            failure=failure or (execution.refusal if execution else None),
            tests=tuple(execution.tests) if execution else (),
            imports=loaded_packages(),
            peak_memory=used.peak_memory,
            cpu_seconds=used.cpu_seconds,
            waited=execution.waited if execution else 0.0,
            lineage=execution.lineage() if execution and failure is not None else None,
            items=execution.items if execution else None,
            condition=execution.refused_by if execution else "",
            left=left_running(),
        )

    def _project_code(self, order: WorkOrder) -> ProjectCode:
        """The project's import path, with nothing of the project loaded."""
        if self._code is None or self._code.root != order.project:
            self._code = ProjectCode(order.project)
            self._code.install()
        else:
            self._code.forget()
        return self._code

    def forget_project(self) -> None:
        """Take the project off the import path."""
        if self._code is not None:
            self._code.uninstall()
            self._code = None

    def _ask(self, kind: AskKind, arguments: dict[str, Any]) -> Any:
        """Put a request to the control side and wait for what it says.

        Raises:
            WorkerLostError: the control side is gone.
            PenstockError: the answer is an error.
        """
        number = next(self._asks)
        flush_streams()
        self._channel.send(Ask(number, kind, arguments))
        answer: Answer | None = self._channel.receive_answer(number)
        if answer is None:
            raise WorkerLostError(f"asking for {kind.value}: the supervisor has gone")
        if answer.error is not None:
            raise error_class(answer.code)(answer.error, hint=answer.hint)
        return answer.value


def modules_before() -> int:
    """How many entries of `sys.modules`, from the first on, were there at `remember_loaded`."""
    return _loaded


def loaded_packages() -> tuple[str, ...]:
    """Top-level modules of installed packages that were loaded since `remember_loaded`, sorted."""
    global _packages  # noqa: PLW0603 - a memory of one entry: one child of a block loads what the one before it has
    new = list(islice(reversed(sys.modules), max(0, len(sys.modules) - _loaded)))
    names = tuple(name for name in new if "." not in name)
    if _packages[0] != names:
        _packages = names, tuple(sorted(filter(is_installed, names)))
    return _packages[1]


def main() -> None:
    """Entry of a worker that was not forked: connect to the address on stdin, with the token that follows it."""
    host, port, token = sys.stdin.readline().split()
    sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - for the rest of the process
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(token.encode())
    sys.argv = ["penstock"]
    sys.modules["__main__"] = ModuleType("__main__")
    prepare()
    os._exit(serve(connection))
