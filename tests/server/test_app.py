"""The application around its routes: bodies, errors, headers, logging in, base paths."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from penstock.model.errors import ConflictError, FileMissingError, Location, PathRefusedError, StorageError
from penstock.server.app import App
from penstock.server.permissions import Permission
from penstock.server.routing import Call, Reply, Routes
from tests.server.application import Nothing, application, browser, logged_in

routes = Routes("test")


class Thing(msgspec.Struct):
    """A thing."""

    name: str
    size: int = 0
    parts: list[Any] = []


class Question(msgspec.Struct):
    """A question."""

    limit: int = 10
    deep: bool = False
    tags: list[str] | None = None


@routes.post("/api/things", Permission.EDIT, body=Thing, status=201, limit=1000)
async def make(call: Call) -> Thing:
    """Give it back."""
    return call.body


@routes.post("/api/act", Permission.RUN)
async def act(call: Call) -> None:
    """Do something."""


@routes.get("/api/ask", Permission.VIEW, query=Question)
def ask(call: Call) -> Question:
    """Give it back."""
    return call.query


@routes.put("/api/raw", Permission.EDIT, raw=True, limit=1000)
async def raw(call: Call) -> Thing:
    """Count the bytes."""
    return Thing("", sum([len(chunk) async for chunk in call.request.stream()]))


@routes.get("/api/fail/{how}", Permission.VIEW)
def fail(call: Call) -> None:
    """Raise."""
    raise {
        "missing": FileMissingError("reading x: it is not there", hint="Look.", location=Location("x.py", 3, 1)),
        "refused": PathRefusedError("reading x: not in the project"),
        "conflict": ConflictError("saving x: it has changed"),
        "storage": StorageError("writing x: disk full"),
        "bug": RuntimeError("secret of the inside"),
    }[call.path["how"]]


async def endless() -> AsyncIterator[bytes]:
    yield b"data: 1\n\n"
    await asyncio.Event().wait()


@routes.get("/api/reply/{kind}", Permission.VIEW)
def reply(call: Call) -> Reply:
    """Markup, a download, a stream."""
    return {
        "frame": Reply("<b>", "text/html", sandbox=True),
        "page": Reply("<script>", "text/html"),
        "download": Reply(b"x", filename='a"\r\nb/ü.csv'),
        "stream": Reply(stream=endless(), media_type="text/event-stream"),
    }[call.path["kind"]]


@routes.get("/api/open", Permission.PUBLIC)
async def opened(call: Call) -> Thing:
    """Tell who asks."""
    return Thing(call.identity.name)


@pytest.fixture
def app() -> App:
    return application([routes])


def run(work: Any) -> Any:
    return asyncio.run(work)


async def owner(app: App, method: str, path: str, **options: Any) -> httpx.Response:
    async with logged_in(app) as client:
        return await client.request(method, path, **options)


def error_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"code", "message", "hint", "location", "details"}
    assert error["message"]
    return error


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [("missing", 404, "J108"), ("refused", 403, "J110"), ("conflict", 409, "J109"), ("storage", 507, "D105")],
)
def test_errors_have_their_status(app: App, how: str, status: int, code: str) -> None:
    answer = run(owner(app, "GET", f"/api/fail/{how}"))
    assert answer.status_code == status
    assert error_of(answer)["code"] == code


def test_an_error_tells_its_place(app: App) -> None:
    error = error_of(run(owner(app, "GET", "/api/fail/missing")))
    assert error["location"] == {"file": "x.py", "line": 3, "column": 1}
    assert error["hint"] == "Look."


def test_a_bug_is_told_without_its_inside(app: App, caplog: pytest.LogCaptureFixture) -> None:
    answer = run(owner(app, "GET", "/api/fail/bug"))
    assert answer.status_code == 500
    assert error_of(answer)["code"] == "A500"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "secret of the inside" in caplog.text


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"name": "a"}', 201),
        (b'{"name": "a", "permission": "admin"}', 201),
        (b"", 422),
        (b"{}", 422),
        (b'{"name": 1}', 422),
        (b'{"name": "a", "size": "1"}', 422),
        (b"[]", 422),
        (b"null", 422),
        (b"{", 400),
        (b'{"name": "\xff"}', 400),
        (b'{"name": "a", "parts": ' + b"[" * 400 + b"]" * 400 + b"}", 201),
        (b'{"name": "' + b"a" * 1000 + b'"}', 413),
    ],
)
def test_bodies(app: App, content: bytes, status: int) -> None:
    answer = run(owner(app, "POST", "/api/things", content=content, headers={"content-type": "application/json"}))
    assert answer.status_code == status, answer.text


def test_a_deep_body_is_refused(app: App) -> None:
    async def work() -> httpx.Response:
        for route in app.table.routes:
            if route.path == "/api/things":
                object.__setattr__(route, "limit", 1 << 20)
        content = b'{"name": "a", "parts": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        return await owner(app, "POST", "/api/things", content=content, headers={"content-type": "application/json"})

    assert run(work()).status_code == 400


@pytest.mark.parametrize("path", ["/api/things", "/api/act"])
@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonp"],
)
def test_a_body_is_json_or_refused(app: App, path: str, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = run(owner(app, "POST", path, content=b'{"name": "a"}', headers=headers))
    assert answer.status_code == 415
    assert error_of(answer)["code"] == "A107"


def test_an_act_needs_no_body(app: App) -> None:
    assert run(owner(app, "POST", "/api/act")).status_code == 204


@pytest.mark.parametrize("chunked", [False, True])
def test_no_handler_reads_more_than_the_limit(app: App, *, chunked: bool) -> None:
    async def chunks(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 100):
            yield b"x" * 100

    def content(size: int) -> Any:
        return chunks(size) if chunked else b"x" * size

    assert run(owner(app, "PUT", "/api/raw", content=content(1000))).json()["size"] == 1000
    answer = run(owner(app, "PUT", "/api/raw", content=content(1100)))
    assert answer.status_code == 413
    assert error_of(answer)["code"] == "A109"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("limit=3&deep=true&tags=a&tags=b", 200),
        ("limit=3&unknown=1", 200),
        ("limit=x", 422),
        ("limit=1&limit=2", 422),
        ("limit=" + "9" * 5000, 422),
        ("deep=perhaps", 422),
    ],
)
def test_queries(app: App, query: str, status: int) -> None:
    assert run(owner(app, "GET", f"/api/ask?{query}")).status_code == status


def test_lists_in_queries(app: App) -> None:
    assert run(owner(app, "GET", "/api/ask?tags=a&tags=b")).json() == {"limit": 10, "deep": False, "tags": ["a", "b"]}


def test_what_is_not_there(app: App) -> None:
    missing = run(owner(app, "GET", "/api/nothing"))
    assert (missing.status_code, error_of(missing)["code"]) == (404, "A112")
    method = run(owner(app, "DELETE", "/api/ask"))
    assert (method.status_code, method.headers["allow"]) == (405, "GET, HEAD")
    assert error_of(run(owner(app, "GET", "/api/fail/%ff")))["code"] == "A111"
    long = run(owner(app, "GET", "/api/fail/" + "a" * 4097))
    assert (long.status_code, error_of(long)["code"]) == (414, "A115")
    assert "more than 4096 bytes" in error_of(long)["message"]


def test_head_is_get_without_a_body(app: App) -> None:
    async def work() -> None:
        async with logged_in(app) as client:
            got, head = await client.get("/api/ask"), await client.head("/api/ask")
            assert head.status_code == 200
            assert head.content == b""
            assert head.headers["content-length"] == got.headers["content-length"]
            assert (await client.head("/api/reply/stream")).status_code == 200

    run(work())


def test_every_answer_carries_the_headers(app: App) -> None:
    for path in ("/", "/assets/none.js", "/api/ask", "/api/none", "/api/fail/bug", "/api/reply/download"):
        headers = run(owner(app, "GET", path)).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert headers["cross-origin-opener-policy"] == "same-origin", path
        assert headers["cross-origin-resource-policy"] == "same-origin", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["cache-control"] in {"no-store", "no-cache"}, path
        assert "access-control-allow-origin" not in headers, path


def test_the_page_runs_no_scripts_but_its_own(app: App) -> None:
    policy = run(owner(app, "GET", "/")).headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy


def test_markup_has_an_origin_of_its_own(app: App) -> None:
    policy = run(owner(app, "GET", "/api/reply/frame")).headers["content-security-policy"]
    assert "sandbox allow-scripts;" in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy


def test_markup_that_is_not_marked_runs_nothing(app: App) -> None:
    policy = run(owner(app, "GET", "/api/reply/page")).headers["content-security-policy"]
    assert "sandbox;" in policy
    assert "allow-scripts" not in policy


def test_a_name_cannot_leave_its_header(app: App) -> None:
    assert run(owner(app, "GET", "/api/reply/download")).headers["content-disposition"] == (
        "attachment; filename*=UTF-8''a%22%0D%0Ab%2F%C3%BC.csv"
    )


def test_logging_in() -> None:
    async def work() -> None:
        app = application([routes])
        link = app.access.new_link()
        async with browser(app) as client:
            assert (await client.get("/api/ask")).status_code == 401
            reply = await client.get("/pipelines/a%2Fb", params={"token": link, "block": "x"})
            assert (reply.status_code, reply.headers["location"]) == (303, "/pipelines/a%2Fb?block=x")
            cookie = reply.headers["set-cookie"]
            assert cookie.startswith("penstock_6789=")
            assert {"httponly", "samesite=strict", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
            assert link not in cookie
            assert (await client.get("/api/ask")).status_code == 200
        async with browser(app) as second:
            reply = await second.get("/", params={"token": link})
            assert (reply.status_code, reply.headers["location"]) == (303, "/")
            assert "set-cookie" not in reply.headers
            assert (await second.get("/api/ask")).status_code == 401

    run(work())


def test_a_link_is_spent_by_who_is_logged_in_already() -> None:
    async def work() -> None:
        app = application([routes])
        link = app.access.new_link()
        async with logged_in(app) as client, browser(app) as other:
            assert "set-cookie" not in (await client.get("/", params={"token": link})).headers
            await other.get("/", params={"token": link})
            assert (await other.get("/api/ask")).status_code == 401

    run(work())


def test_looking_at_a_link_does_not_spend_it() -> None:
    async def work() -> None:
        app = application([routes])
        link = app.access.new_link()
        async with browser(app) as client:
            assert "set-cookie" not in (await client.head("/", params={"token": link})).headers
            assert "set-cookie" in (await client.get("/", params={"token": link})).headers

    run(work())


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "///evil.example/x", "/%5Cevil.example"])
def test_logging_in_leads_nowhere_else(app: App, path: str) -> None:
    async def work() -> str:
        raw = httpx.URL("http://127.0.0.1:6789").copy_with(raw_path=f"{path}?token={app.access.new_link()}".encode())
        async with browser(app) as client:
            return (await client.get(raw)).headers["location"]

    location = run(work())
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_odd_cookies_of_others_do_no_harm() -> None:
    async def work() -> None:
        app = application([routes])
        async with logged_in(app) as client:
            own = client.cookies["penstock_6789"]
            for odd in ('a={"x": [1, 2]}', "b", "=", "c=\x7f", 'd="', "e=é", "penstock_6788=x"):
                header = f"{odd}; penstock_6789={own}".encode("latin-1")
                async with browser(app) as other:
                    reply = await other.get("/api/ask", headers=[(b"cookie", header)])
                    assert reply.status_code == 200, odd

    run(work())


def test_a_base_path() -> None:
    async def work() -> None:
        app = application([routes], base="/studio")
        async with browser(app) as client:
            reply = await client.get("/studio/x", params={"token": app.access.new_link()})
            assert reply.headers["location"] == "/studio/x"
            assert "Path=/studio/" in reply.headers["set-cookie"]
            assert (await client.get("/studio/api/ask")).status_code == 200
            for outside in ("/", "/studio", "/studiox/api/ask", "/api/ask", "/other"):
                reply = await client.get(outside)
                assert (reply.status_code, reply.headers["location"]) == (302, "/studio/"), outside
            assert (await client.post("/api/act", headers={"x-penstock": "1"})).status_code == 302

    run(work())


@pytest.mark.parametrize(("base", "arrives"), [("/studio", ""), ("", "/inner"), ("/studio", "/studio/inner")])
def test_a_proxy_that_takes_a_prefix_away_or_adds_one(base: str, arrives: str) -> None:
    async def work() -> None:
        app = application([routes], base=base, arrives=arrives)
        async with browser(app) as client:
            reply = await client.get(f"{arrives}/x", params={"token": app.access.new_link()})
            assert reply.headers["location"] == f"{base}/x"
            assert f"Path={base}/" in reply.headers["set-cookie"]
            session = reply.headers["set-cookie"].partition(";")[0]
            for prefix in (base, arrives):
                # By hand: as one server sees it, the cookie's path is not that of the request.
                reply = await client.get(f"{prefix}/api/ask", headers={"cookie": session})
                assert reply.status_code == 200, prefix

    run(work())


def test_switched_off_for_everybody() -> None:
    async def work() -> None:
        app = application([Routes("none")], terminal=False)
        async with logged_in(app):
            identity = app.guard.identify({b"authorization": f"Bearer {app.access.new_token()}".encode()})
            assert identity is not None
            assert identity.permissions == frozenset(Permission) - {Permission.TERMINAL}

    run(work())


def test_a_studio_that_cannot_start_is_no_server() -> None:
    class Broken(Nothing):
        async def start(self) -> None:
            raise StorageError("making the data folder: disk full")

    async def work() -> list[dict[str, Any]]:
        app = application([routes])
        app.studio = Broken()
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, str]:
            return {"type": "lifespan.startup"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app({"type": "lifespan"}, receive, send)
        assert app.failure is not None
        return sent

    assert [message["type"] for message in run(work())] == ["lifespan.startup.failed"]
