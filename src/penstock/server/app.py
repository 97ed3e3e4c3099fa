"""The ASGI application of a studio: guard, route table, static files, sockets. Deny by default.

A path below /api/ is in the table or does not exist. Every other path is the UI, which holds no secret and no data.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from penstock.model.errors import PenstockError
from penstock.server import dispatch
from penstock.server.access import SESSION_SECONDS, Access
from penstock.server.answers import HttpError, error_response
from penstock.server.guard import LOOPBACK, Guard, split_host
from penstock.server.permissions import Identity
from penstock.server.routes import all_routes
from penstock.server.routing import Call, Match, Routes, Table
from penstock.server.static import StaticFiles

log = logging.getLogger("penstock.server")

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; frame-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
)
"""Styles may be inline because editors and charts set them on elements; scripts never are."""
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"SAMEORIGIN"),
)
REFUSED = 4403
"""Close code of a socket whose login has ended."""


@dataclass(slots=True)
class Options:
    """How a server is reached. `hosts` are names beyond loopback; `base` is "" or a path such as /penstock."""

    base: str = ""
    hosts: Sequence[str] = ()
    port: int = 6789
    terminal: bool = True
    url: str = ""


@dataclass(slots=True)
class App:
    """The application; `access` and `table` are there for the command line and for tests."""

    studio: Any
    access: Access
    options: Options
    table: Table
    guard: Guard
    static: StaticFiles
    sockets: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one ASGI scope."""
        if scope["type"] == "lifespan":
            await _lifespan(self.studio, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            reply = await self._reply(scope, request)
        except HttpError as error:
            reply = error_response(error)
        if scope["method"] == "HEAD" and not isinstance(reply, RedirectResponse):
            reply.body = b""
        await reply(scope, receive, _with_headers(send))

    async def _reply(self, scope: Any, request: Request) -> Response:
        headers = dict(scope["headers"])
        self.guard.check_host(headers)
        path = self._below_base(scope)
        if path is None:
            return RedirectResponse(f"{self.options.base}/", 302)
        if path != b"/api" and not path.startswith(b"/api/"):
            return self._page(path, scope, headers)
        identity = self.guard.identify(headers)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        match = self.table.match(method, path)
        if match.route is None:
            raise _no_route(match, scope["method"], identity)
        identity = self.guard.admit(match.route, headers, identity)
        call = Call(self.studio, identity, match.values, request=request, app=self)
        return await dispatch.answer(match.route, call, request)

    def _page(self, path: bytes, scope: Any, headers: dict[bytes, bytes]) -> Response:
        if scope["method"] not in {"GET", "HEAD"}:
            raise HttpError(
                405, "A110", f"answering {scope['method']}: pages are only read", "", {"Allow": "GET, HEAD"}
            )
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        token = query.pop("token", None)
        if token:
            rest = urlencode(query, doseq=True)
            return self._log_in(token[0], path.decode("latin-1") + (f"?{rest}" if rest else ""), headers)
        return self.static.answer(path, headers)

    def _log_in(self, token: str, target: str, headers: dict[bytes, bytes]) -> Response:
        # Whatever the token is worth, it leaves the address: a page shows 'not logged in' by itself.
        target = "/" + target.lstrip("/\\")
        reply = RedirectResponse(f"{self.options.base}{target}", 303, headers={"Cache-Control": "no-store"})
        session = None if self.guard.identify(headers) else self.access.redeem(token)
        if session:
            _, port = split_host(headers.get(b"host", b"").decode("latin-1"))
            del port
            reply.set_cookie(
                self.guard.cookie,
                session,
                max_age=int(SESSION_SECONDS),
                path=f"{self.options.base}/",
                httponly=True,
                samesite="strict",
                secure=self.options.url.startswith("https:"),
            )
        return reply

    def _below_base(self, scope: Any) -> bytes | None:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        base = self.options.base.encode()
        if not base:
            return raw
        if raw == base:
            return None
        return raw[len(base) :] if raw.startswith(base + b"/") else None

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        try:
            self.guard.check_host(headers)
            identity = self.guard.identify(headers)
            path = self._below_base(scope) or b""
            match = self.table.match("WEBSOCKET", path)
            if match.route is None:
                raise _no_route(match, "WEBSOCKET", identity)
            identity = self.guard.admit(match.route, headers, identity)
        except HttpError:
            await receive()
            await send({"type": "websocket.close", "code": 4403, "reason": "refused"})
            return
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        call = Call(self.studio, identity, match.values, request=socket, app=self)
        await self._serve(match.route.handler, call, socket)

    async def _serve(self, handler: Any, call: Call, socket: WebSocket) -> None:
        task = asyncio.ensure_future(handler(call, socket))
        self.sockets.add(task)
        code, reason = 1000, ""
        with self.access.holding(call.identity.session, task.cancel):
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
            finally:
                self.sockets.discard(task)
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(code, reason)


def _short(text: str) -> str:
    """A reason of at most 123 bytes, which is what a close frame holds."""
    return text.encode("utf-8")[:120].decode("utf-8", "ignore")


def _no_route(match: Match, method: str, identity: Identity | None) -> HttpError:
    if identity is None:
        # What exists is told to those alone who are logged in.
        return HttpError(
            401, "A101", "answering a request: nobody is logged in", "Use the link that `penstock start` printed."
        )
    if match.why == "method":
        return HttpError(
            405,
            "A110",
            f"answering {method}: this path takes {', '.join(match.allowed)}",
            "",
            {"Allow": ", ".join(match.allowed)},
        )
    if match.why == "malformed":
        return HttpError(400, "A111", "reading the address: it is not text", "Encode it as UTF-8, percent-encoded.")
    return HttpError(404, "A112", "answering a request: there is no such address", "docs/reference/api.md lists all.")


def _with_headers(send: Any) -> Any:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            names = {name.lower() for name, _ in headers}
            headers += [(name, value) for name, value in HEADERS if name not in names]
            if b"content-security-policy" not in names:
                headers.append((b"content-security-policy", CSP.encode()))
            if b"cache-control" not in names:
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        await send(message)

    return sending


async def _lifespan(studio: Any, receive: Any, send: Any) -> None:
    await receive()
    try:
        await studio.start()
    except PenstockError as error:
        await send({"type": "lifespan.startup.failed", "message": error.message})
        return
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await studio.close()
    await send({"type": "lifespan.shutdown.complete"})


def create_app(
    studio: Any, *, access: Access | None = None, options: Options | None = None, routes: Sequence[Routes] | None = None
) -> App:
    """Put an application together.

    Args:
        studio: the parts of the server, with `start()` and `close()`.
        access: who may come in; a new one in memory by default.
        options: how the server is reached.
        routes: the table; by default all that there are.
    """
    access = access or Access(None)
    options = options or Options()
    hosts = frozenset({*LOOPBACK, *(name.lower() for name in options.hosts)})
    table = Table(all_routes() if routes is None else routes)
    guard = Guard(access, hosts, f"penstock_{options.port}")
    return App(studio, access, options, table, guard, StaticFiles(options.base))
