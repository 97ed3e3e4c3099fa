"""Work that is given up when the client that asked for it hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from penstock.model.errors import InterruptedRunError

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

T = TypeVar("T")


async def unless_gone(request: HTTPConnection, work: Awaitable[T]) -> T:
    """The result of that work; it is cancelled when the client hangs up.

    Raises:
        InterruptedRunError: the client is gone.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise InterruptedRunError("answering a request: the client is gone")
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(request: HTTPConnection) -> None:
    while (await request.receive())["type"] != "http.disconnect":  # type: ignore[attr-defined]
        pass
