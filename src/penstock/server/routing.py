"""The route table: method and path -> permission, body, answer, handler. What is not in it does not exist.

A path is split at `/` before it is decoded, so that a value may hold `/` (sent as %2F) and never becomes two segments.
There is no prefix, suffix or pattern that lets anything through: a request matches one whole template or none.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_type_hints
from urllib.parse import unquote_to_bytes

from penstock.server.permissions import Identity, Permission

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

    from penstock.server.studio import Studio

Handler = Callable[..., Any]
MEGABYTE = 1 << 20
BODY_LIMIT = 16 * MEGABYTE
"""Bytes of the largest JSON body; block files are text."""
ELSEWHERE = frozenset({"/metrics"})
"""What others look for outside of /api/."""
LONGEST_SEGMENT = 4096
_SEGMENT = re.compile(r"[a-z][a-z_-]*(\.json)?|\{[a-z_]+\}")


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table.

    `segments` are fixed texts, or names in braces. `body` and `query` are Structs or None; `answer` is the Struct that
    the handler returns, `Reply` (whose media types are named in `media`), or None for nothing. `raw` routes read the
    body themselves; more than `limit` bytes are never read.
    """

    method: str
    path: str
    permission: Permission
    handler: Handler
    noun: str
    segments: tuple[str, ...]
    body: type | None = None
    query: type | None = None
    answer: Any = None
    status: int = 200
    raw: bool = False
    limit: int = BODY_LIMIT
    media: tuple[str, ...] = ()

    @property
    def websocket(self) -> bool:
        """Whether it opens a socket."""
        return self.method == "WEBSOCKET"

    @property
    def parameters(self) -> list[str]:
        """Names of the path's values, in order."""
        return [segment[1:-1] for segment in self.segments if segment.startswith("{")]


class Routes:
    """The routes of one noun, declared beside their handlers."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self.all: list[Route] = []

    def get(self, path: str, permission: Permission, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a route that changes nothing."""
        return self._declare("GET", path, permission, options)

    def post(self, path: str, permission: Permission, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a route that makes or does something, or a question too long for an address."""
        return self._declare("POST", path, permission, options)

    def put(self, path: str, permission: Permission, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a route that stores a whole thing."""
        return self._declare("PUT", path, permission, options)

    def patch(self, path: str, permission: Permission, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a route that changes parts of a thing."""
        return self._declare("PATCH", path, permission, options)

    def delete(self, path: str, permission: Permission, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a route that takes a thing away."""
        return self._declare("DELETE", path, permission, options)

    def websocket(self, path: str, permission: Permission) -> Callable[[Handler], Handler]:
        """Declare a socket; its handler is called with a Call and the accepted WebSocket."""
        return self._declare("WEBSOCKET", path, permission, {})

    def _declare(
        self, method: str, path: str, permission: Permission, options: Mapping[str, Any]
    ) -> Callable[[Handler], Handler]:
        if not isinstance(permission, Permission):
            raise TypeError(f"{method} {path} declares no permission")
        if not path.startswith("/api/") and path not in ELSEWHERE:
            raise ValueError(f"{method} {path} is not below /api/")
        segments = tuple(path[1:].split("/"))
        for segment in segments:
            if not _SEGMENT.fullmatch(segment):
                raise ValueError(f"{method} {path}: {segment!r} is neither a fixed text nor a name in braces")

        def register(handler: Handler) -> Handler:
            answer = _answer(handler)
            self.all.append(Route(method, path, permission, handler, self.noun, segments, answer=answer, **options))
            return handler

        return register


def _answer(handler: Handler) -> Any:
    """What a handler returns, from its annotation; None for nothing."""
    if "return" not in inspect.get_annotations(handler):
        return None
    # Names that are there for checking types alone (Call's Studio) are no concern of the answer's schema.
    namespace = {**handler.__globals__, "Call": Any}
    hints = {"return": inspect.get_annotations(handler)["return"]}
    found = get_type_hints(_Holder(hints), globalns=namespace)["return"]
    return None if found is type(None) else found


class _Holder:
    """Something with annotations, for typing.get_type_hints."""

    def __init__(self, hints: dict[str, Any]) -> None:
        self.__annotations__ = hints


@dataclass(slots=True)
class Call:
    """One request to a handler: the studio, who asks, and the decoded parts.

    `request` is Starlette's Request, or the WebSocket; `app` the application.
    """

    studio: Studio
    identity: Identity
    path: dict[str, str]
    query: Any = None
    body: Any = None
    request: Any = None
    app: Any = None


@dataclass(slots=True)
class Reply:
    """An answer that is no JSON: bytes, a file, or a stream of bytes.

    `sandbox` marks markup that somebody's code has made: it is sent with a policy that gives it an origin of its own.
    """

    content: bytes | str = b""
    media_type: str = "application/octet-stream"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    filename: str = ""
    path: Path | None = None
    stream: AsyncIterable[bytes] | Iterable[bytes] | None = None
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The outcome of looking a path up: the route, or why there is none."""

    route: Route | None
    values: dict[str, str]
    why: Literal["found", "unknown", "method", "malformed", "long"]
    allowed: tuple[str, ...] = ()


class Table:
    """All routes of a server."""

    def __init__(self, modules: Iterable[Routes]) -> None:
        self.routes = [route for routes in modules for route in routes.all]
        self._by_shape: dict[int, list[Route]] = {}
        seen: set[tuple[str, tuple[str, ...]]] = set()
        for route in self.routes:
            shape = tuple("{}" if segment.startswith("{") else segment for segment in route.segments)
            if (route.method, shape) in seen:
                raise ValueError(f"{route.method} {route.path} is declared twice")
            seen.add((route.method, shape))
            self._by_shape.setdefault(len(shape), []).append(route)
        for several in self._by_shape.values():
            several.sort(key=lambda route: [segment.startswith("{") for segment in route.segments])

    def match(self, method: str, raw_path: bytes) -> Match:
        """Look up a request.

        Args:
            method: of HTTP, or WEBSOCKET.
            raw_path: the path as it came, below the base path, without the query.
        """
        raw = raw_path.split(b"/")[1:]
        if any(len(segment) > LONGEST_SEGMENT for segment in raw):
            return Match(None, {}, "long")
        values = [_decode(segment) for segment in raw]
        if any(value is None for value in values):
            return Match(None, {}, "malformed")
        allowed: list[str] = []
        for route in self._by_shape.get(len(raw), ()):
            found = _values(route, raw, values)
            if found is None:
                continue
            if route.method == method:
                return Match(route, found, "found")
            if not route.websocket:
                allowed.append(route.method)
        return Match(None, {}, "method", tuple(allowed)) if allowed else Match(None, {}, "unknown")


def _decode(segment: bytes) -> str | None:
    """A segment's text; None when it is no text that a name can be."""
    try:
        text = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _values(route: Route, raw: list[bytes], values: list[str | None]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for template, segment, value in zip(route.segments, raw, values, strict=True):
        if template.startswith("{"):
            if not value:
                return None
            found[template[1:-1]] = value
        elif segment != template.encode():
            return None
    return found
