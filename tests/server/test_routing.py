"""The route table: what is declared, and what a path means."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from penstock.server.permissions import Permission
from penstock.server.routing import Call, Reply, Routes, Table


async def handler(call: Call) -> None:
    """Answer nothing."""


def table(*paths: str, method: str = "get") -> Table:
    routes = Routes("test")
    for path in paths:
        getattr(routes, method)(path, Permission.VIEW)(handler)
    return Table([routes])


def test_a_route_without_a_permission_cannot_be_declared() -> None:
    routes: Any = Routes("test")
    with pytest.raises(TypeError, match="permission"):
        routes.get("/api/x")
    for wrong in (None, "view", "", True, handler):
        with pytest.raises(TypeError, match="declares no permission"):
            routes.get("/api/x", wrong)
    assert not routes.all


@pytest.mark.parametrize(
    "path",
    ["/x", "api/x", "/apix", "/api/", "/api/x/", "/api//x", "/api/*", "/api/{x:path}", "/api/a{b}", "/api/x.css"],
)
def test_a_path_is_plain_segments_below_api(path: str) -> None:
    with pytest.raises(ValueError, match=r"/api/|neither"):
        Routes("test").get(path, Permission.VIEW)


def test_a_route_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        table("/api/x/{a}", "/api/x/{b}")


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"/api/p/flights", "flights"),
        (b"/api/p/a%2Fb", "a/b"),
        (b"/api/p/%2e%2e", ".."),
        (b"/api/p/..%2f..%2Fetc", "../../etc"),
        (b"/api/p/%252e", "%2e"),
        (b"/api/p/caf%C3%A9", "café"),
        (b"/api/p/a+b", "a+b"),
        (b"/api/p/a;b=c", "a;b=c"),
    ],
)
def test_a_value_is_one_segment_decoded_once(raw: bytes, value: str) -> None:
    found = table("/api/p/{p}").match("GET", raw)
    assert found.why == "found"
    assert found.values == {"p": value}


@pytest.mark.parametrize(
    "raw",
    [
        b"/api/p",
        b"/api/p/",
        b"/api/p/a/b",
        b"/api/p/a/",
        b"/api//p/a",
        b"//api/p/a",
        b"/API/p/a",
        b"/api/P/a",
        b"/api/%70/a",
        b"/%61pi/p/a",
        b"/api/p/../p/a",
        b"/api/p;x/a",
        b"/x/api/p/a",
        b"http://127.0.0.1/api/p/a",
        b"",
        b"/",
        b"*",
    ],
)
def test_nearly_a_route_is_none(raw: bytes) -> None:
    assert table("/api/p/{p}").match("GET", raw).why == "unknown"


@pytest.mark.parametrize("raw", [b"/api/p/%00", b"/api/p/a%00b", b"/api/p/%ff", b"/api/p/%c0%ae"])
def test_what_is_no_name_is_malformed(raw: bytes) -> None:
    assert table("/api/p/{p}").match("GET", raw).why == "malformed"


def test_what_no_name_can_be_is_too_long() -> None:
    names = table("/api/p/{p}")
    assert names.match("GET", b"/api/p/" + b"a" * 4096).why == "found"
    assert names.match("GET", b"/api/p/" + b"a" * 4097).why == "long"


@pytest.mark.parametrize(
    "name", ["health", "ready", "configs", "static", "login", "api", "x.css", "session", "metrics"]
)
def test_a_name_lets_nobody_in(name: str) -> None:
    found = table("/api/p/{p}").match("GET", f"/api/p/{name}".encode())
    assert found.route is not None
    assert found.route.permission is Permission.VIEW


def test_fixed_texts_win_over_names() -> None:
    found = table("/api/{a}/x", "/api/p/{b}", "/api/p/x").match("GET", b"/api/p/x")
    assert found.route is not None
    assert found.route.path == "/api/p/x"


def test_another_method_is_told() -> None:
    found = table("/api/p/{p}").match("POST", b"/api/p/x")
    assert (found.why, found.allowed) == ("method", ("GET",))


@pytest.mark.parametrize("method", ["get", "HEAD", "TRACE", "CONNECT", "WEBSOCKET", "", "GET "])
def test_methods_are_exact(method: str) -> None:
    assert table("/api/p/{p}").match(method, b"/api/p/x").route is None


def test_sockets_are_no_pages() -> None:
    sockets = table("/api/live", method="websocket")
    assert sockets.match("GET", b"/api/live").why == "unknown"
    assert sockets.match("WEBSOCKET", b"/api/live").why == "found"


class Thing(msgspec.Struct):
    name: str


def test_the_answer_is_that_of_the_annotation() -> None:
    routes = Routes("test")

    @routes.get("/api/thing", Permission.VIEW)
    def show(call: Call) -> Thing:
        return Thing("a")

    @routes.get("/api/reply", Permission.VIEW)
    def reply(call: Call) -> Reply:
        return Reply()

    assert [route.answer for route in routes.all] == [Thing, Reply]
