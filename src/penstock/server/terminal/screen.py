"""A shell and its socket: bytes of the screen go out, JSON comes in.

What comes in: {"type": "input", "data"} what was typed; {"type": "resize", "cols", "rows"}; {"type": "shown", "bytes"}
how many more bytes have been drawn. A client that tells what it has drawn is never more than a window behind: a browser
takes what it is sent faster than it can draw, and would keep the rest in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec
from starlette.websockets import WebSocketDisconnect

from penstock.config.decoding import json_decoder
from penstock.server.terminal.shell import Shell

WINDOW = 512 * 1024
"""Bytes that may be sent and not drawn yet."""


class Typed(msgspec.Struct, tag_field="type", tag="input"):
    """What was typed."""

    data: str


class Resized(msgspec.Struct, tag_field="type", tag="resize"):
    """The window's size, in characters."""

    cols: int
    rows: int


class Shown(msgspec.Struct, tag_field="type", tag="shown"):
    """Bytes that have been drawn since the last such message."""

    bytes: int


_MESSAGE = json_decoder(Typed | Resized | Shown)


class Screen:
    """One shell, one socket.

    Args:
        shell: ended when the socket closes, or when this ends in any other way.
        receive: the next text of the client.
        send: sends bytes, and returns when the socket can take more.
    """

    def __init__(
        self, shell: Shell, receive: Callable[[], Awaitable[str]], send: Callable[[bytes], Awaitable[None]]
    ) -> None:
        self._shell = shell
        self._receive = receive
        self._send = send
        self._sent = 0
        self._shown: int | None = None
        self._room = asyncio.Event()

    async def run(self) -> None:
        """Until the shell ends, or the socket closes."""
        tasks = {asyncio.ensure_future(self._show()), asyncio.ensure_future(self._listen())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # Cancelled or not: nothing that runs here outlives its socket.
            await asyncio.shield(self._shell.close())

    async def _show(self) -> None:
        while data := await self._shell.read():
            await self._send(data)
            self._sent += len(data)
            while self._shown is not None and self._sent - self._shown > WINDOW:
                self._room.clear()
                await self._room.wait()

    async def _listen(self) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                try:
                    message = _MESSAGE.decode(await self._receive())
                except (msgspec.DecodeError, KeyError, UnicodeError):
                    continue  # bytes, or another text: not for us
                await self._take(message)

    async def _take(self, message: Typed | Resized | Shown) -> None:
        if isinstance(message, Typed):
            await self._shell.write(message.data.encode("utf-8", "surrogatepass"))
        elif isinstance(message, Resized):
            self._shell.resize(message.cols, message.rows)
        else:
            self._shown = min((self._shown or 0) + max(0, message.bytes), self._sent)
            self._room.set()
