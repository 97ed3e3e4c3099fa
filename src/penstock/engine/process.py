"""A worker process as its supervisor sees it: a channel, two streams of output, an end; and the attempt in it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from penstock.config.masking import mask
from penstock.engine.ahead import Ahead
from penstock.engine.capture import LineCapture
from penstock.engine.channel import FROM_WORKER, FrameReader
from penstock.engine.events import AttemptEvent, Captured, Ended, OnEvent
from penstock.engine.masking import masked
from penstock.model.errors import MessageInvalidError
from penstock.model.messages import Finished, FromWorker, LetGo, Ready, WorkOrder

if TYPE_CHECKING:
    from penstock.engine.reactor import Reactor

_CHUNK = 1 << 16
_CHUNKS_AT_A_DRAIN = 16


class Doom(StrEnum):
    """Why the supervisor itself ends a process."""

    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    KILLED = "killed"
    MEMORY = "memory"
    CHANNEL = "channel"
    SILENT = "silent"
    LINGERING = "lingering"


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: `code` is negative for a signal and None when unknown; `reason` then says more."""

    code: int | None
    reason: str = ""
    peak_memory: int = 0
    cpu_seconds: float = 0.0


class Source(Protocol):
    """What bytes of output come from: a pipe's end or a socket, in non-blocking mode."""

    def recv(self, size: int, /) -> bytes:
        """At most that many bytes; empty at the end."""

    def fileno(self) -> int:
        """Its file descriptor."""

    def close(self) -> None:
        """Close it."""


class PipeEnd:
    """The reading end of a pipe, with the methods of a socket."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor

    def recv(self, size: int, /) -> bytes:
        """At most that many bytes; empty at the end."""
        return os.read(self._descriptor, size)

    def fileno(self) -> int:
        """Its file descriptor."""
        return self._descriptor

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)


class Withdraws(Protocol):
    """Those of whom one does an attempt."""

    def withdraw(self, attempt: Attempt) -> bool:
        """Whether nobody has begun it, and nobody will."""


@dataclass(slots=True)
class Reports:
    """Where a process's life is told."""

    message: Callable[[WorkerProcess, FromWorker], None]
    output: Callable[[WorkerProcess, str, bytes], None]
    closed: Callable[[WorkerProcess], None]
    invalid: Callable[[WorkerProcess, MessageInvalidError], None]
    exited: Callable[[WorkerProcess], None]
    orphaned: Callable[[WorkerProcess, str], None]


@dataclass(slots=True, eq=False)
class WorkerProcess:
    """One worker process.

    `imports` are the modules that it was certainly started with; `in_sql` says that it has a database open for a block
    in SQL; `pid` is known from its first message on; `let_go` is set by its last. `attempt` is what it is at, `ahead`
    what lies ready for it then; `again` says that it is started a second time, its first parent being given up.
    """

    number: int
    reactor: Reactor
    reports: Reports
    imports: frozenset[str] = frozenset()
    in_sql: bool = False
    pid: int | None = None
    attempt: Attempt | None = None
    kept: bool = False
    let_go: bool = False
    again: bool = False
    doom: Doom | None = None
    exit: Exit | None = None
    connection: socket.socket | None = None
    streams: dict[str, Source] = field(default_factory=dict)
    ahead: Ahead[Attempt] = field(default_factory=Ahead)
    _reader: FrameReader[FromWorker] = field(default_factory=lambda: FrameReader(FROM_WORKER))
    _outgoing: bytearray = field(default_factory=bytearray)
    _unheard: bytearray = field(default_factory=bytearray)

    def attach(self, connection: socket.socket) -> None:
        """The channel, once there is one; sends what was written before."""
        connection.setblocking(False)
        self.connection = connection
        self.reactor.on_readable(connection, self._read_channel)
        self._flush()

    def attach_streams(self, streams: dict[str, Source]) -> None:
        """Where the process's stdout and stderr can be read."""
        self.streams = streams
        for name, source in streams.items():
            # One chunk a turn, which is what a pipe holds: who shares the thread gets it back within a millisecond.
            self.reactor.on_readable(source, lambda name=name: self._on_stream(name, 1))  # type: ignore[misc]

    def write(self, frames: bytes) -> None:
        """Send frames down the channel, now or when it can take them; what is written to an ended process is lost."""
        self._outgoing += frames
        if self.pid is None:
            self._unheard += frames
        if self.connection is not None:
            self._flush()

    def came_up(self, pid: int) -> None:
        """It has reported: what was written to it has found its reader."""
        self.pid = pid
        self._unheard = bytearray()

    def begin_again(self) -> None:
        """It never came up, and is to be started once more: then it is told what it was told."""
        self.close()
        self._reader = FrameReader(FROM_WORKER)
        self._outgoing = bytearray(self._unheard)
        self.again = True

    def exited(self, end: Exit) -> None:
        """Take what the process has left behind in its channel and streams, and report its end."""
        if self.exit is not None:
            return
        self.exit = end
        self.drain_channel()
        self.drain_streams()
        self.close()
        self.reports.exited(self)

    def is_idle(self) -> bool:
        """Whether it waits for an order."""
        return self.exit is None and self.doom is None and self.attempt is None and self.connection is not None

    def has_let_go(self) -> bool:
        """Whether it has closed all that it had open, and all of its output has been read."""
        return self.let_go and not self.streams

    def is_over(self) -> bool:
        """Whether the process came up and has ended, though its end may not have been told yet."""
        from penstock.engine.process_tree import has_ended

        return self.pid is not None and has_ended(self.pid)

    def reported_pid(self) -> int | None:
        """What it has said of itself, though that has not been read yet; None where it has not come up."""
        if self.connection is None:
            return None
        try:
            data = self.connection.recv(_CHUNK, socket.MSG_PEEK)
            first = next(FrameReader(FROM_WORKER).feed(data), None)
        except (OSError, MessageInvalidError):
            return None
        return first.pid if isinstance(first, Ready) else None

    def drain_channel(self) -> None:
        """Read every message that has arrived."""
        while self.connection is not None and self._read_once():
            pass

    def drain_streams(self) -> None:
        """Read the output that has arrived."""
        for name in tuple(self.streams):
            self._on_stream(name, _CHUNKS_AT_A_DRAIN)

    def close(self) -> None:
        """Close the channel and the streams; a worker that waits for an order then ends by itself."""
        self.close_channel()
        for name in tuple(self.streams):
            self._close_stream(name)

    def close_channel(self) -> None:
        """Close the channel alone."""
        if self.connection is not None:
            self.reactor.forget(self.connection)
            self.connection.close()
            self.connection = None

    def _flush(self) -> None:
        connection = self.connection
        if connection is None:
            return
        try:
            while self._outgoing:
                sent = connection.send(self._outgoing[: 1 << 20])
                del self._outgoing[:sent]
        except BlockingIOError:
            self.reactor.on_writable(connection, self._flush_later)
        except OSError:  # its other end is closed: reading says so, or the exit does
            self._outgoing.clear()

    def _flush_later(self) -> None:
        if self.connection is not None:
            self.reactor.on_writable(self.connection, None)
            self._flush()

    def _read_channel(self) -> None:
        self._read_once()

    def _read_once(self) -> bool:
        """Read once; whether there may be more."""
        connection = self.connection
        if connection is None:
            return False
        try:
            data = connection.recv(_CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        try:
            for message in self._reader.feed(data):
                if isinstance(message, LetGo):
                    self.let_go = True
                else:
                    self.reports.message(self, message)
        except MessageInvalidError as error:
            self.close_channel()
            self.reports.invalid(self, error)
            return False
        if not data:
            self.close_channel()
        if not data or self.has_let_go():
            self.reports.closed(self)
        return bool(data)

    def _on_stream(self, name: str, chunks: int) -> None:
        source = self.streams.get(name)
        if source is None:
            return
        for _ in range(chunks):
            try:
                data = source.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._close_stream(name)
                if self.has_let_go():
                    self.reports.closed(self)
                return
            self.reports.output(self, name, data)
            if len(data) < _CHUNK:
                return

    def _close_stream(self, name: str) -> None:
        source = self.streams.pop(name)
        self.reactor.forget(source)
        source.close()


@dataclass(slots=True, eq=False)
class Attempt:
    """An attempt that was launched; `ended` is its last event, None while it goes on.

    `frames` are its order and `mark` what it is known by, for a process that has several ready; `crew` are those
    that may do it, where they are several; `interrupted` says that it was told to end.
    """

    order: WorkOrder
    process: WorkerProcess
    on_event: OnEvent
    finished: Finished | None = None
    ended: Ended | None = None
    frames: bytes = b""
    mark: bytes = b""
    crew: Withdraws | None = None
    interrupted: bool = False
    captures: dict[str, LineCapture] = field(default_factory=dict)

    @property
    def pid(self) -> int | None:
        """The process that it runs in, as soon as that has reported."""
        return self.process.pid

    def tell(self, event: AttemptEvent) -> None:
        """Hand an event to the caller; none follows `Ended`."""
        if self.ended is None:
            event = masked(event, mask())
            if isinstance(event, Ended):
                self.ended = event
            self.on_event(event)

    def capture(self, stream: str, data: bytes) -> None:
        """Take what was written to a stream."""
        capture = self.captures.get(stream)
        if capture is None:
            capture = self.captures[stream] = LineCapture(lambda text: self.tell(Captured(stream, text)))
        capture.feed(data)

    def finish_output(self) -> str:
        """Pass on what is left of the output; the last lines of all of it, stdout's before stderr's."""
        lines: list[str] = []
        for _, capture in sorted(self.captures.items(), reverse=True):
            capture.finish()
            lines += capture.tail()
        return "\n".join(lines)
