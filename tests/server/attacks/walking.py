"""Walks the route table: requests that each route would take, and where texts of a stranger can go into them."""

from __future__ import annotations

import copy
import socket
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from penstock.server.permissions import Permission
from penstock.server.routes import all_routes
from penstock.server.routing import Route, Table
from tests.patience import PATIENCE

ROUTES = sorted(
    Table(all_routes()).routes,
    # What only looks comes first, what takes away last.
    key=lambda route: (route.method == "DELETE", list(Permission).index(route.permission), route.path, route.method),
)
HTTP = [route for route in ROUTES if not route.websocket]
SOCKETS = [route for route in ROUTES if route.websocket]
CHANGING = [route for route in HTTP if route.method != "GET"]

Place = tuple[str, tuple[Any, ...]]
"""path, query or body; and the way to a text in it."""


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


@dataclass
class Request:
    """A request to a route, before it is sent."""

    route: Route
    path: dict[str, str]
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None

    def target(self) -> str:
        filled = "/".join(
            quote(self.path[segment[1:-1]], safe="", errors="surrogatepass") if segment.startswith("{") else segment
            for segment in self.route.segments
        )
        query = urlencode(self.query, doseq=True, errors="surrogatepass")
        return f"/{filled}" + (f"?{query}" if query else "")

    def content(self) -> tuple[bytes, str]:
        """The body and its type."""
        if self.route.raw:
            return b"content", "application/octet-stream"
        if self.route.body is None:
            return b"", ""
        return msgspec.json.encode(self.body), "application/json"

    def places(self) -> Iterator[Place]:
        """Where texts stand."""
        yield from (("path", (name,)) for name in self.path)
        yield from (("query", way) for way in _texts(self.query))
        yield from (("body", way) for way in _texts(self.body))

    def with_text(self, place: Place, text: str) -> Request:
        part, way = place
        changed = copy.deepcopy(self)
        inside = getattr(changed, part)
        for step in way[:-1]:
            inside = inside[step]
        inside[way[-1]] = text
        return changed


def example(route: Route, known: dict[str, str]) -> Request:
    """A request that the route understands; fields get the values that are known for their names."""
    path = {name: known.get(name, "x") for name in route.parameters}
    query = _struct(route.query, known) if route.query else {}
    query = {name: value for name, value in query.items() if value is not None}
    return Request(route, path, query, _struct(route.body, known) if route.body else None)


def _struct(kind: Any, known: dict[str, str]) -> dict[str, Any]:
    return {item.encode_name: _value(item.type, known, item.name) for item in msgspec.structs.fields(kind)}


def _value(kind: Any, known: dict[str, str], name: str) -> Any:  # noqa: PLR0911 - one for each kind of type
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _value(parts[0], known, name)
    if origin in {typing.Union, types.UnionType}:
        return _value(next(part for part in parts if part is not type(None)), known, name)
    if origin is typing.Literal:
        return parts[0]
    if origin in {list, tuple, set, frozenset}:
        return [_value(parts[0], known, name)] if parts else []
    if origin is dict:
        return {"x": _value(parts[1], known, name)}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        config = kind.__struct_config__
        tag = {config.tag_field: config.tag} if config.tag_field else {}
        return {**tag, **_struct(kind, known)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    plain: dict[Any, Any] = {str: known.get(name, "x"), int: 1, float: 1.0, bool: False, bytes: "eA=="}
    return plain.get(kind, "x")


def _texts(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(node, str):
        yield way
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(value, (*way, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _texts(value, (*way, index))


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


def send(port: int, method: str, target: str, headers: list[tuple[str, str]], body: bytes = b"") -> Answer:
    """One request exactly as it is written here, on a connection of its own."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "Connection: close"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body)
        received = bytearray()
        while chunk := connection.recv(1 << 16):
            received += chunk
    head, _, rest = bytes(received).partition(b"\r\n\r\n")
    first, *others = head.decode("latin-1").split("\r\n")
    found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in others)}
    return Answer(int(first.split(" ")[1]) if first else 0, found, rest)


UPGRADE = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "MDEyMzQ1Njc4OWFiY2RlZg=="),
]


def open_socket(port: int, target: str, headers: list[tuple[str, str]]) -> int:
    """The status with which an attempt to open a socket is answered; 101 is an open one, which is closed at once."""
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in [*headers, *UPGRADE])]
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        received = b""
        while b"\r\n" not in received and (chunk := connection.recv(1 << 12)):
            received += chunk
    return int(received.split(b" ")[1])
