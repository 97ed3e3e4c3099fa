"""The ASGI application of a studio: guard, route table, static files, sockets. Deny by default.

A path below /api/ is in the table or does not exist. Every other path is the UI, which holds no secret and no data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.websockets import WebSocket

from penstock.model.errors import PenstockError
from penstock.server import dispatch
from penstock.server.access import SESSION_SECONDS, Access
from penstock.server.answers import HttpError, error_response
from penstock.server.guard import LOOPBACK, Guard, not_logged_in
from penstock.server.headers import API_POLICY, PAGE_POLICY, Headers, headers_of, with_headers
from penstock.server.permissions import Permission
from penstock.server.routes import all_routes
from penstock.server.routing import ELSEWHERE, LONGEST_SEGMENT, Call, Match, Routes, Table
from penstock.server.sockets import REFUSED, Sockets
from penstock.server.static import StaticFiles


@dataclass(slots=True)
class Options:
    """How a server is reached, and what it offers.

    Args:
        base: "" or a path such as /penstock: what addresses begin with in a browser.
        arrives: what paths begin with when they arrive, where a proxy in front changes that; those below `base` are
            taken as well.
        hosts: names by which it may be called, beyond loopback.
        literals: whether it may be called by any address in numbers.
        port: names the cookie, because cookies are shared by all ports of a host.
        terminal: whether it offers a shell.
        off: what nobody may do here, whoever they are; without a terminal also that.
        url: its address, for links.
    """

    base: str = ""
    arrives: str | None = None
    hosts: Sequence[str] = ()
    literals: bool = False
    port: int = 6789
    terminal: bool = True
    off: frozenset[Permission] = frozenset()
    url: str = ""


@dataclass(slots=True)
class App:
    """The application; `access` and `table` are there for the command line and for tests.

    `failure` is why the studio could not start, for who serves the application.
    """

    studio: Any
    access: Access
    options: Options
    table: Table
    guard: Guard
    static: StaticFiles
    sockets: Sockets
    failure: PenstockError | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        path = self._below_base(scope)
        api = path is not None and (path == b"/api" or path.startswith(b"/api/") or path.decode("latin-1") in ELSEWHERE)
        session = ""
        try:
            headers = headers_of(scope["headers"])
            self.guard.check_host(headers)
            if path is None:
                reply: Response = RedirectResponse(f"{self.options.base}/", 302)
            elif api:
                reply, session = await self._answer(path, headers, Request(scope, receive))
            else:
                reply = self._page(path, scope, headers)
        except HttpError as error:
            reply = error_response(error)
        sending = with_headers(send, API_POLICY if api else PAGE_POLICY)
        if scope["method"] == "HEAD":
            await sending({"type": "http.response.start", "status": reply.status_code, "headers": reply.raw_headers})
            await sending({"type": "http.response.body", "body": b""})
        elif isinstance(reply, StreamingResponse) and reply.media_type == "text/event-stream":
            await self.sockets.stream(session, reply, scope, receive, sending)
        else:
            await reply(scope, receive, sending)

    async def _answer(self, path: bytes, headers: Headers, request: Request) -> tuple[Response, str]:
        identity = self.guard.identify(headers)
        match = self.table.match("GET" if request.method == "HEAD" else request.method, path)
        if match.route is None:
            # What exists is told to those alone who are logged in.
            raise not_logged_in() if identity is None else _no_route(match, request.method)
        identity = self.guard.admit(match.route, headers, identity)
        call = Call(self.studio, identity, match.values, request=request, app=self)
        return await dispatch.answer(match.route, call, request), identity.session

    def _page(self, path: bytes, scope: Any, headers: Headers) -> Response:
        if scope["method"] not in {"GET", "HEAD"}:
            raise HttpError(
                405, "A110", f"answering {scope['method'][:20]}: pages are only read", "", {"Allow": "GET, HEAD"}
            )
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        token = query.pop("token", None)
        if token and scope["method"] == "GET":
            rest = urlencode(query, doseq=True)
            return self._log_in(token[0], path.decode("latin-1") + (f"?{rest}" if rest else ""), headers)
        return self.static.answer(path, headers)

    def _log_in(self, token: str, target: str, headers: Headers) -> Response:
        # Whatever the token is worth, it leaves the address: a page shows 'not logged in' by itself.
        target = "/" + target.lstrip("/\\")
        reply = RedirectResponse(f"{self.options.base}{target}", 303)
        if self.guard.identify(headers):
            self.access.spend(token)
            return reply
        session = self.access.redeem(token)
        if session:
            reply.set_cookie(
                self.guard.cookie,
                session,
                max_age=int(SESSION_SECONDS),
                path=f"{self.options.base}/",
                httponly=True,
                samesite="strict",
            )
        return reply

    def _below_base(self, scope: Any) -> bytes | None:
        """The path as it came, below the base path; None for what lies elsewhere."""
        raw: bytes = scope["raw_path"]
        base, arrives = self.options.base, self.options.arrives
        for prefix in sorted({base, base if arrives is None else arrives}, key=len, reverse=True):
            if not prefix or raw.startswith(prefix.encode() + b"/"):
                return raw[len(prefix) :]
        return None

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            headers = headers_of(scope["headers"])
            self.guard.check_host(headers)
            identity = self.guard.identify(headers)
            match = self.table.match("WEBSOCKET", self._below_base(scope) or b"")
            if match.route is None:
                raise not_logged_in() if identity is None else _no_route(match, "WEBSOCKET")
            identity = self.guard.admit(match.route, headers, identity)
        except HttpError as error:
            await receive()
            # Closed before it is accepted, which the client sees as status 403.
            await send({"type": "websocket.close", "code": REFUSED, "reason": error.code})
            return
        socket = WebSocket(scope, receive, send)
        call = Call(self.studio, identity, match.values, request=socket, app=self)
        await self.sockets.serve(match.route.handler, call, socket)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        try:
            await self.studio.start()
        except PenstockError as error:
            self.failure = error
            await send({"type": "lifespan.startup.failed", "message": error.message})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.sockets.end()
        await self.studio.close()
        await send({"type": "lifespan.shutdown.complete"})


def _no_route(match: Match, method: str) -> HttpError:
    if match.why == "method":
        allowed = ", ".join(sorted({*match.allowed, *(("HEAD",) if "GET" in match.allowed else ())}))
        return HttpError(
            405, "A110", f"answering {method[:20]}: this path takes {allowed}", "Use one of them.", {"Allow": allowed}
        )
    if match.why == "long":
        doing = f"reading the address: a part of it has more than {LONGEST_SEGMENT} bytes"
        return HttpError(414, "A115", doing, "No name is that long; look for one that was pasted twice.")
    if match.why == "malformed":
        return HttpError(400, "A111", "reading the address: it is not text", "Encode it as UTF-8, percent-encoded.")
    return HttpError(404, "A112", "answering a request: there is no such address", "docs/reference/api.md lists all.")


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
    guard = Guard(
        access,
        hosts=frozenset({*LOOPBACK, *(name.lower() for name in options.hosts)}),
        cookie=f"penstock_{options.port}",
        literals=options.literals,
        off=options.off if options.terminal else options.off | {Permission.TERMINAL},
    )
    table = Table(all_routes() if routes is None else routes)
    return App(studio, access, options, table, guard, StaticFiles(options.base), Sockets(access))
