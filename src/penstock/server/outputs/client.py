"""The server's side of the reader process: starts it, asks it, stops it, and asks again when it fell over.

A question has a time limit. One whose asker is gone, or whose time is up, is cancelled; a reader that does not heed it
is killed, and what others had asked is asked again, once. All of it on the event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from penstock.config.decoding import from_msgpack
from penstock.model.errors import PenstockError, ReaderLostError, SettingInvalidError, TimeoutExceededError, error_class
from penstock.server.outputs.aside import make_aside, remove_aside
from penstock.server.outputs.reader.questions import Question
from penstock.server.outputs.reader.wire import HEADER, LIMIT, Failed, Sort, frame

IDLE = 600.0
"""Seconds without a question after which the reader is ended."""
SETTLED = 1.0
"""Seconds between the start of the server, which has other processes to start, and that of a reader that waits."""
STUBBORN = 3.0
"""Seconds that a cancelled question may go on before its reader is killed."""
SOON = 0.3
"""Seconds between the first tab and the warming of the reader: a page that opens has other things to wait for."""
TIME = 60.0
"""Seconds for an answer, unless the asker says otherwise."""
_MODULE = "penstock.server.outputs.reader"


class _LostError(Exception):
    """The reader ended."""


@dataclass(slots=True)
class _Pending:
    """A question that is not answered to the end."""

    number: int
    connection: _Connection
    frames: asyncio.Queue[tuple[int, bytes]] = field(default_factory=asyncio.Queue)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, kind: int, body: bytes) -> None:
        """Take a frame of the answer."""
        if kind in {Sort.DONE, Sort.FAILED}:
            self.over.set()
        self.frames.put_nowait((kind, body))

    async def next(self) -> tuple[int, bytes]:
        """The next frame; raises _LostError, or the error that the reader tells of."""
        kind, body = await self.frames.get()
        if kind == Sort.FAILED:
            raise _error(from_msgpack(body, Failed))
        if kind == 0:
            raise _LostError
        return kind, body


def _error(failed: Failed) -> PenstockError:
    return error_class(failed.code)(failed.message, hint=failed.hint)


@dataclass(slots=True)
class _Connection:
    """One reader process and what it has been asked."""

    process: Process
    pending: dict[int, _Pending] = field(default_factory=dict)
    listener: asyncio.Task[None] | None = None
    lost: bool = False
    warm: bool = False

    def send(self, kind: Sort, number: int, body: Any = b"") -> None:
        """Write a frame; nothing happens when the reader is gone, which the listener notices."""
        assert self.process.stdin is not None
        with suppress(OSError, RuntimeError):
            self.process.stdin.write(frame(kind, number, body))

    async def listen(self) -> None:
        """Hand frames on until the reader ends."""
        assert self.process.stdout is not None
        with suppress(asyncio.IncompleteReadError, OSError, ValueError):
            while True:
                length, kind, number = HEADER.unpack(await self.process.stdout.readexactly(HEADER.size))
                if length > LIMIT:
                    break
                body = await self.process.stdout.readexactly(length)
                pending = self.pending.get(number)
                if pending is not None:
                    pending.put(kind, body)
                    if pending.over.is_set():
                        del self.pending[number]
        self.end()

    def end(self) -> None:
        """Nothing more will come."""
        self.lost = True
        if self.process.returncode is None:
            # Not by its own method, which would take the exit status away from whoever waits for it.
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
        for pending in self.pending.values():
            pending.put(0, b"")
            pending.over.set()
        self.pending.clear()


class ReaderClient:
    """Asks the reader process of one store.

    Args:
        root: the store's folder.
        memory: bytes that the reader may allocate.
        idle: seconds without a question after which it is ended.
        environment: of the process; None is this one's.
    """

    def __init__(
        self, root: Path, memory: int, *, idle: float = IDLE, environment: Mapping[str, str] | None = None
    ) -> None:
        self._root = root
        self._memory = memory
        self._idle = idle
        self._environment = environment
        self._numbers = itertools.count(1)
        self._connection: _Connection | None = None
        self._starting = asyncio.Lock()
        self._alone = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._watching: set[asyncio.Task[None]] = set()
        self._waits = False

    async def start(self) -> None:
        """Have a reader wait from a moment later on: a process of few megabytes until somebody looks at data."""
        self._waits = True
        self._later(SETTLED, self._connected)

    async def close(self) -> None:
        """End the reader."""
        self._waits = False
        for task in list(self._watching):
            task.cancel()
        if self._timer is not None:
            self._timer.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.end()
            await connection.process.wait()
            if connection.listener is not None:
                await connection.listener
        await asyncio.to_thread(remove_aside, self._root)

    @property
    def pid(self) -> int | None:
        """The process's number, while it runs."""
        connection = self._connection
        return connection.process.pid if connection is not None and not connection.lost else None

    async def warm(self) -> None:
        """Have the reader import what it needs before the first question comes."""
        connection = await self._connected()
        self._rest()
        if not connection.warm:
            connection.warm = True
            connection.send(Sort.WARM, 0)

    def warm_soon(self) -> None:
        """Warm the reader a moment later, for somebody who has just come; a failure is told to the first question."""
        connection = self._connection
        if connection is None or connection.lost or not connection.warm:
            self._later(SOON, self.warm)

    def _later(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            with suppress(ReaderLostError):
                await work()

        self._keep(asyncio.ensure_future(wait()))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def ask(self, question: Question, *, seconds: float = TIME) -> tuple[dict[str, Any], bytes]:
        """The head and the bytes of an answer.

        Raises:
            ReaderLostError: the reader ended twice while it was at it.
            TimeoutExceededError: it took longer than that.
            PenstockError: what the reader tells.
        """
        async with self.stream(question, seconds=seconds) as answer:
            pieces = [piece async for piece in answer]
            return answer.head, b"".join(pieces)

    def stream(self, question: Question, *, seconds: float | None = None) -> Answer:
        """An answer whose bytes are taken as they come: `async with` gives it with its head. Raises as `ask`.

        Args:
            question: what is asked.
            seconds: the time for all of it; None for as long as somebody reads.
        """
        return Answer(self, question, seconds)

    async def begin(self, question: Question, *, again: bool) -> tuple[_Pending, dict[str, Any]]:
        """Ask, and wait for the head; what has been lost once is asked with nothing else that has.

        Raises:
            _LostError: the reader ended.
        """
        if again:
            async with self._alone:
                return await self._head(question)
        return await self._head(question)

    async def _head(self, question: Question) -> tuple[_Pending, dict[str, Any]]:
        connection = await self._connected()
        self._rest()
        connection.warm = True
        pending = _Pending(next(self._numbers), connection)
        try:
            connection.send(Sort.ASK, pending.number, question)
        except OverflowError as error:
            raise SettingInvalidError(
                "asking for what is stored: a number of the question takes more than 64 bits", hint="Ask for less."
            ) from error
        connection.pending[pending.number] = pending
        try:
            kind, body = await pending.next()
        except BaseException:
            self.release(pending)
            raise
        head = msgspec.msgpack.decode(body) if kind == Sort.HEAD else {}
        return pending, head

    def release(self, pending: _Pending) -> None:
        """Stop waiting for an answer; the reader is told, and killed when it goes on all the same."""
        if not pending.over.is_set():
            pending.connection.send(Sort.CANCEL, pending.number)
            self._keep(asyncio.ensure_future(self._watch(pending)))

    async def _watch(self, pending: _Pending) -> None:
        try:
            async with asyncio.timeout(STUBBORN):
                await pending.over.wait()
        except TimeoutError:
            pending.connection.end()

    async def _connected(self) -> _Connection:
        async with self._starting:
            if self._connection is None or self._connection.lost:
                self._connection = await self._spawn()
            return self._connection

    async def _spawn(self) -> _Connection:
        aside = await asyncio.to_thread(make_aside, self._root)
        command = [sys.executable, "-P", "-m", _MODULE, str(self._root), str(self._memory), str(aside)]
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=self._environment)
        except OSError as error:
            raise ReaderLostError(
                f"starting the process that reads outputs: {error.strerror}", hint="Free memory or processes."
            ) from error
        connection = _Connection(process)
        connection.listener = asyncio.ensure_future(connection.listen())
        return connection

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._idle, self._rested)

    def _rested(self) -> None:
        connection = self._connection
        if connection is None:
            return
        if connection.pending:
            self._rest()
            return
        self._connection = None
        connection.end()
        if self._waits:  # with the memory of a new one
            self._later(0, self._connected)


class Answer:
    """An answer under way; see `ReaderClient.stream`."""

    def __init__(self, client: ReaderClient, question: Question, seconds: float | None) -> None:
        self.head: dict[str, Any] = {}
        self._client = client
        self._question = question
        self._seconds = seconds
        self._deadline = 0.0
        self._pending: _Pending | None = None

    async def __aenter__(self) -> Self:
        if self._seconds is not None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        async with self._limited():
            for again in (False, True):
                try:
                    self._pending, self.head = await self._client.begin(self._question, again=again)
                    break
                except _LostError:
                    if again:
                        raise _lost() from None
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pending is not None:
            self._client.release(self._pending)

    def __del__(self) -> None:
        # A response that nobody began to read never gets to its end.
        if self._pending is not None and not self._pending.over.is_set():
            with suppress(RuntimeError):
                asyncio.get_running_loop().call_soon(self._client.release, self._pending)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert self._pending is not None
        while True:
            async with self._limited():
                try:
                    kind, body = await self._pending.next()
                except _LostError:
                    raise _lost() from None
            if kind == Sort.DONE:
                return
            yield body
            self._pending.connection.send(Sort.CREDIT, self._pending.number, 1)

    def _limited(self) -> _Limit:
        return _Limit(self._deadline if self._seconds is not None else None, self._seconds or 0)


class _Limit:
    """A time limit that tells itself as one of our errors."""

    def __init__(self, deadline: float | None, seconds: float) -> None:
        self._timeout = asyncio.timeout_at(deadline)
        self._seconds = seconds

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise TimeoutExceededError(
                f"reading a stored output: it took longer than {self._seconds:g} seconds and was ended",
                hint="Ask for fewer columns or rows.",
            ) from None


def _lost() -> ReaderLostError:
    return ReaderLostError(
        "reading a stored output: the process that reads it ended, most likely for want of memory or a damaged file",
        hint="Ask for fewer columns or rows, or run the block again.",
    )
