"""Who is not logged in, who calls by another name, and whose page is another one: refused at every route."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from penstock.server.access import Access
from penstock.server.answers import HttpError
from penstock.server.app import Options, create_app
from penstock.server.permissions import Identity, Permission
from penstock.server.routing import Route
from tests.server.attacks.conftest import Target
from tests.server.attacks.walking import CHANGING, HTTP, ROUTES, SOCKETS, Answer, example, name_of, open_socket, send

PRIVATE = [route for route in ROUTES if route.permission is not Permission.PUBLIC]


def try_it(target: Target, route: Route, headers: list[tuple[str, str]], target_path: str = "") -> int:
    """The status of a request to a route."""
    request = example(route, target.known)
    path = target_path or request.target()
    if route.websocket:
        return open_socket(target.port, path, headers)
    body, kind = request.content()
    typed = [("Content-Type", kind)] if kind else []
    status = send(target.port, route.method, path, [*headers, *typed], body).status
    # Who calls without a trigger's token again and again is told to wait: refused as well.
    return 401 if status == 429 and route.permission is Permission.CALL else status


def host_of(target: Target) -> tuple[str, str]:
    return ("Host", f"127.0.0.1:{target.port}")


def strangers(target: Target) -> dict[str, list[tuple[str, str]]]:
    """Headers of everybody who is not logged in."""
    (cookie,) = [value for name, value in target.browser if name == "Cookie"]
    name, _, session = cookie.partition("=")
    (bearer,) = [value.removeprefix("Bearer ") for name, value in target.owner if name == "Authorization"]
    link = target.server.post("/api/session/links")["url"].partition("token=")[2]
    known = {
        "nobody": [],
        "empty cookie": [("Cookie", f"{name}=")],
        "wrong cookie": [("Cookie", f"{name}={'A' * len(session)}")],
        "a bit of the cookie": [("Cookie", f"{name}={session[:-1]}")],
        "another name": [("Cookie", f"penstock_1={session}; session={session}")],
        "cookie as token": [("Authorization", f"Bearer {session}")],
        "token as cookie": [("Cookie", f"{name}={bearer}")],
        "link as cookie": [("Cookie", f"{name}={link}")],
        "link as token": [("Authorization", f"Bearer {link}")],
        "empty token": [("Authorization", "Bearer ")],
        "wrong token": [("Authorization", "Bearer x"), ("Cookie", cookie)],
        "default password": [("Authorization", "Basic YWRtaW46YWRtaW4=")],
        "forwarded": [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-User", "owner"), ("X-Real-IP", "127.0.0.1")],
        "token in the address": [("X-Original-URL", "/api/session"), ("X-Rewrite-URL", "/")],
    }
    origin = ("Origin", f"http://127.0.0.1:{target.port}")
    return {who: [host_of(target), origin, ("X-Penstock", "1"), *more] for who, more in known.items()}


def test_nobody_gets_in_anywhere(target: Target) -> None:
    # T6, T9, T13: each route and each socket, before anything is accepted.
    before = target.elsewhere() | {str(path): "" for path in target.project.rglob("*")}
    found = []
    for who, headers in strangers(target).items():
        for route in PRIVATE:
            status = try_it(target, route, headers)
            if status != (403 if route.websocket else 401):
                found.append(f"{who}: {name_of(route)}: {status}")
    assert not found, "\n".join(found[:40])
    assert target.elsewhere() | {str(path): "" for path in target.project.rglob("*")} == before


@pytest.mark.parametrize(
    "suffix",
    [
        "/health",
        "/ready",
        "/configs",
        "/static",
        "/login",
        ".css",
        ".js",
        ";x",
        "%2f",
        "/",
        "//",
        "/..",
        "%20",
        "?x=/health",
        "#x",
        "%00",
        "%3fhealth",
    ],
)
def test_no_ending_lets_anybody_in(target: Target, suffix: str) -> None:
    # T10, T11: names and endings that other servers took for public ones.
    found = []
    for route in HTTP:
        if route.permission is Permission.PUBLIC and suffix in {"?x=/health", "#x"}:
            continue
        path = example(route, target.known).target().partition("?")[0] + suffix
        if any(other.permission is Permission.PUBLIC and other.path == path for other in HTTP):
            continue  # it is another door, which is open to all
        for changed in (path, path.replace("/api/", "//api/", 1), path.replace("/api/", "/static/../api/", 1)):
            answer = send(target.port, route.method, changed, [host_of(target), ("X-Penstock", "1")])
            if answer.status not in {400, 401, 405, 429} and not is_page(answer):
                found.append(f"{route.method} {changed}: {answer.status}")
    assert not found, "\n".join(found[:40])


def is_page(answer: Answer) -> bool:
    """Whether it is the UI, which is the same for everybody, or the sentence that it has not been built."""
    return answer.status in {200, 404, 503} and not answer.headers.get("content-type", "").startswith(
        "application/json"
    )


def test_what_exists_is_told_to_those_alone_who_are_logged_in(target: Target) -> None:
    for method in ("GET", "POST", "DELETE", "PATCH", "PUT", "OPTIONS", "TRACE", "PROPFIND"):
        for path in ("/api", "/api/", "/api/none", "/api/pipelines", "/api/files/content/x"):
            assert send(target.port, method, path, [host_of(target)]).status == 401, (method, path)
            logged_in = send(target.port, method, path, target.owner).status
            assert logged_in != 401, (method, path)


HOSTS = [
    "evil.example",
    "evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example",
    "evil.example#127.0.0.1",
    "127.0.0.1@evil.example",
    "127.0.0.1:{port}@evil.example",
    "127.0.0.1:{port}:80",
    "127.0.0.1, evil.example",
    "[::1].evil.example",
    "[::1",
    "0.0.0.0:{port}",
    "127.1:{port}",
    "2130706433",
    "0x7f.1",
    "169.254.169.254",
    "localhost.:{port}",
    "xn--localhost-.example",
    "",
]


@pytest.mark.parametrize("host", HOSTS)
def test_another_name_is_refused(target: Target, host: str) -> None:
    # T33: a page whose name was made to resolve to this machine sends its own name.
    name = host.format(port=target.port)
    found = []
    for login in (target.browser, target.owner):
        headers = [
            ("Host", name),
            ("Origin", f"http://{name}"),
            *[one for one in login if one[0] not in {"Host", "Origin"}],
        ]
        found += [
            f"{name_of(route)}: {status}"
            for route in ROUTES
            if (status := try_it(target, route, headers)) not in {403, 400}
        ]
        for path in ("/", "/?token=x", "/assets/x.js"):
            assert send(target.port, "GET", path, headers).status in {403, 400}
    assert not found, "\n".join(found[:40])


def test_two_hosts_or_none_are_refused(target: Target) -> None:
    rest = [one for one in target.owner if one[0] != "Host"]
    for hosts in ([], [host_of(target), ("Host", "evil.example")], [("Host", "evil.example"), host_of(target)]):
        assert send(target.port, "GET", "/api/project", [*hosts, *rest]).status == 400 or not hosts
        assert send(target.port, "GET", "/api/project", [*hosts, *rest]).status in {400, 403}


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}", "localhost"]
)
def test_names_of_this_machine_are_ours(target: Target, host: str) -> None:
    rest = [one for one in target.owner if one[0] != "Host"]
    assert send(target.port, "GET", "/api/project", [("Host", host.format(port=target.port)), *rest]).status == 200


ORIGINS = [
    "null",
    "http://evil.example",
    "https://127.0.0.1",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "http://localhost:{port}",
    "http://127.0.0.1:{port}.evil.example",
    "http://127.0.0.1:{port}@evil.example",
    "http://evil.example:{port}",
    "http://[::1]:{port}",
    "file://",
    "file://127.0.0.1:{port}",
    "chrome-extension://127.0.0.1:{port}",
    "//127.0.0.1:{port}",
    "127.0.0.1:{port}",
    "http://[",
    "",
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_another_page_is_refused(target: Target, origin: str) -> None:
    # T8, T34: with the owner's own cookie, which browsers send to other ports of this machine too.
    rest = [one for one in target.browser if one[0] != "Origin"]
    headers = [*rest, ("Origin", origin.format(port=target.port))]
    found = [f"{name_of(route)}: {status}" for route in ROUTES if (status := try_it(target, route, headers)) != 403]
    assert not found, "\n".join(found[:40])


def test_a_socket_of_a_browser_names_its_origin(target: Target) -> None:
    headers = [one for one in target.browser if one[0] != "Origin"]
    for route in SOCKETS:
        path = example(route, target.known).target()
        assert open_socket(target.port, path, headers) == 403
        assert open_socket(target.port, path, target.browser) == 101
        assert open_socket(target.port, path, target.owner) == 101


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
@pytest.mark.parametrize("mode", ["no-cors", "navigate", "cors"])
def test_a_request_that_comes_from_another_site_is_refused(target: Target, site: str, mode: str) -> None:
    # T34: no-cors does not make it same-origin.
    headers = [
        *[one for one in target.browser if one[0] != "Origin"],
        ("Sec-Fetch-Site", site),
        ("Sec-Fetch-Mode", mode),
    ]
    found = [f"{name_of(route)}: {status}" for route in HTTP if (status := try_it(target, route, headers)) != 403]
    assert not found, "\n".join(found[:40])


def test_a_form_cannot_change_anything(target: Target) -> None:
    # T34: what a page can send without asking has no header of ours.
    headers = [one for one in target.browser if one[0] not in {"X-Penstock", "Origin"}]
    found = []
    for route in CHANGING:
        request = example(route, target.known)
        for kind in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json",
        ):
            body, _ = request.content()
            answer = send(
                target.port, route.method, request.target(), [*headers, ("Content-Type", kind)], body or b"a=b"
            )
            if answer.status != 403:
                found.append(f"{name_of(route)} as {kind}: {answer.status}")
    assert not found, "\n".join(found[:40])


def test_no_answer_lets_another_origin_read_it(target: Target) -> None:
    asking = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "x-penstock")]
    for route in HTTP:
        path = example(route, target.known).target()
        for method in ("OPTIONS", "HEAD"):
            answer = send(target.port, method, path, [host_of(target), ("Origin", "http://evil.example"), *asking])
            assert not [name for name in answer.headers if name.startswith("access-control")], name_of(route)
            assert answer.status in {401, 403, 405}, name_of(route)


def test_methods_are_not_overridden(target: Target) -> None:
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        for route in CHANGING:
            path = example(route, target.known).target()
            answer = send(target.port, "GET", path, [*target.owner, (name, route.method)])
            asked = send(target.port, "GET", path, target.owner)
            assert answer.status == asked.status, name_of(route)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/octet-stream",
        "application/xml",
    ],
)
def test_a_body_is_what_it_says(target: Target, kind: str) -> None:
    # T28: each route that takes JSON, and every other type.
    found = []
    for route in CHANGING:
        request = example(route, target.known)
        if route.body is None:
            continue
        answer = send(
            target.port, route.method, request.target(), [*target.owner, ("Content-Type", kind)], request.content()[0]
        )
        if answer.status != 415:
            found.append(f"{name_of(route)}: {answer.status}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_each_permission_opens_its_own_routes_alone(route: Route) -> None:
    # T15: every permission by every route, as roles will have them.
    app = create_app(None, access=Access(None), options=Options())
    headers = {b"host": b"127.0.0.1:6789"}
    everything = frozenset(Permission)
    for permission in Permission:
        only = Identity("somebody", frozenset({permission}), browser=False)
        without = Identity("somebody", everything - {permission}, browser=False)
        for identity in (only, without):
            allowed = route.permission is Permission.PUBLIC or route.permission in identity.permissions
            if allowed:
                assert app.guard.admit(route, headers, identity) is identity
            else:
                with pytest.raises(HttpError) as refused:
                    app.guard.admit(route, headers, identity)
                assert refused.value.status == 403


def test_nothing_is_the_same_in_two_installations(tmp_path: Path) -> None:
    # T14: secrets are made, not shipped.
    code = "from penstock.server.access import Access; a = Access(None); print(a.new_link(), a.new_token(), a.redeem(a.new_link()))"
    words = [
        word
        for _ in range(2)
        for word in subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    ]
    assert len(words) == 6
    assert len(set(words)) == 6


def test_no_secret_can_be_read_by_others(target: Target) -> None:
    folder = target.home / "installation" / "studio"
    assert folder.stat().st_mode & 0o077 == 0
    files = list(folder.iterdir())
    assert files
    assert not [file for file in files if file.stat().st_mode & 0o077]
    (cookie,) = [value.partition("=")[2] for name, value in target.browser if name == "Cookie"]
    assert not [file for file in files if cookie in file.read_text()]
    assert cookie not in (target.home / "server.log").read_text()
    link = target.server.link.partition("token=")[2]
    assert link not in (target.home / "server.log").read_text()
