"""Sockets: checked before they are accepted, and closed when the login that opened them ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from penstock.model.errors import PenstockError
from penstock.server.access import Access
from penstock.server.answers import HttpError
from penstock.server.routing import Call, Handler

T = TypeVar("T")
log = logging.getLogger("penstock.server")
REFUSED = 4403
"""Close code of a socket whose login has ended."""
_LONGEST_REASON = 123
"""Bytes of a reason that a close frame can hold."""


@dataclass(slots=True)
class Sockets:
    """The open sockets of a server, and streams that would go on for ever."""

    access: Access
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self._tasks)

    async def serve(self, handler: Handler, call: Call, socket: WebSocket) -> None:
        """Accept a socket that has passed every check, and run its handler."""
        await socket.accept()
        task = asyncio.ensure_future(handler(call, socket))
        code, reason = 1000, ""
        with self._open(task), self._while_logged_in(call.identity.session, task):
            try:
                await task
            except asyncio.CancelledError:
                code, reason = REFUSED, "The login has ended, or the server is ending."
            except WebSocketDisconnect:
                return
            except (PenstockError, HttpError) as error:
                code, reason = 4422, _short(error.message)
            except Exception:
                log.exception("serving socket %s", socket.url.path)
                code, reason = 1011, "An error in Penstock itself; the server's output holds the details."
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(code, reason)

    async def stream(self, session: str, reply: Any, scope: Any, receive: Any, send: Any) -> None:
        """Send an answer without an end until the login or the server ends; the client is told that this was all."""
        begun = ended = False

        async def noting(message: Any) -> None:
            nonlocal begun, ended
            begun = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        task = asyncio.ensure_future(reply(scope, receive, noting))
        with self._open(task), self._while_logged_in(session, task):
            try:
                await task
            except asyncio.CancelledError:
                if not begun:
                    await send({"type": "http.response.start", "status": 503, "headers": []})
                if not ended:
                    await send({"type": "http.response.body", "body": b""})

    async def answer(self, session: str, work: Coroutine[Any, Any, T]) -> T:
        """The result of work that may take long. Raises HttpError, 503, when the login or the server ends first."""
        task = asyncio.ensure_future(work)
        with self._open(task), self._while_logged_in(session, task):
            try:
                return await task
            except asyncio.CancelledError:
                # Also for one that the server cancels itself at its end: else that is told as a mistake of ours.
                raise HttpError(
                    503,
                    "A503",
                    "answering a request: the login has ended, or the server is ending",
                    "Log in again if need be, then ask again.",
                ) from None

    def end(self) -> None:
        """End them all."""
        for task in list(self._tasks):
            task.cancel()

    @contextlib.contextmanager
    def _open(self, task: asyncio.Task[Any]) -> Iterator[None]:
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    @contextlib.contextmanager
    def _while_logged_in(self, session: str, task: asyncio.Task[Any]) -> Iterator[None]:
        remaining = self.access.remaining(session)
        timer = None
        if remaining is not None:
            timer = asyncio.get_running_loop().call_later(remaining, self.access.end, session)
        try:
            with self.access.holding(session, task.cancel):
                yield
        finally:
            if timer is not None:
                timer.cancel()


def _short(text: str) -> str:
    return text.encode("utf-8")[:_LONGEST_REASON].decode("utf-8", "ignore")
