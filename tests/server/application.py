"""Applications without a studio, for tests of the server's core: requests go to the application itself."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx

from penstock.server.app import App, Options, create_app
from penstock.server.routing import Routes


class Nothing:
    """A studio of no parts."""

    def __init__(self) -> None:
        self.running = False

    async def start(self) -> None:
        self.running = True

    async def close(self) -> None:
        self.running = False


def application(routes: Sequence[Routes] | None = None, **options: Any) -> App:
    return create_app(Nothing(), routes=routes, options=Options(**options))


def browser(app: App, **headers: str) -> httpx.AsyncClient:
    """A client with a browser's cookies, not logged in."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:6789", headers=headers)


@contextlib.asynccontextmanager
async def logged_in(app: App, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that has opened the one-time link, and sends what the UI sends."""
    async with browser(app, **{"x-penstock": "1", **headers}) as client:
        reply = await client.get("/", params={"token": app.access.new_link()})
        assert reply.status_code == 303
        yield client
