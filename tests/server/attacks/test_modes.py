"""Every way of starting a server has the same guards."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.server.permissions import READ_ONLY, Permission
from tests.cli.projects import clean_environment
from tests.server.attacks.walking import CHANGING, HTTP, ROUTES, SOCKETS, example, name_of, open_socket, send
from tests.server.running import Server, start

MODES = {
    "base path": ("--base-path", "/studio/of/mine"),
    "no terminal": ("--no-terminal",),
    "everywhere": ("--host", "0.0.0.0"),
    "another name": ("--allowed-host", "studio.example"),
}
WAYS_OUT = ("../outside/canary.txt", "/etc/passwd", "%2e%2e%2foutside%2fcanary.txt", "../project-secret/canary.txt")


@pytest.fixture(scope="module", params=MODES)
def mode(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Server, str]]:
    """Its name, a server, and the token of its owner."""
    import json

    home = tmp_path_factory.mktemp("mode")
    (home / "outside").mkdir()
    (home / "outside" / "canary.txt").write_text("canary")
    server = start(home / "project", home, *MODES[request.param])
    port = server.url.split(":")[2].partition("/")[0]
    token = json.loads((home / "installation" / "studio" / f"server-{port}.json").read_text())["token"]
    try:
        yield request.param, server, token
    finally:
        server.stop()


def place(server: Server) -> tuple[int, str]:
    """Port and base path."""
    port, _, base = server.url.split(":")[2].partition("/")
    return int(port), f"/{base}" if base else ""


def test_nobody_gets_in(mode: tuple[str, Server, str]) -> None:
    _, server, _ = mode
    port, base = place(server)
    headers = [("Host", f"127.0.0.1:{port}"), ("Origin", f"http://127.0.0.1:{port}"), ("X-Penstock", "1")]
    for route in ROUTES:
        path = base + example(route, {}).target()
        if route.websocket:
            assert open_socket(port, path, headers) == 403, name_of(route)
        elif route.permission is not Permission.PUBLIC:
            assert send(port, route.method, path, headers).status == 401, name_of(route)


def test_paths_stay_inside(mode: tuple[str, Server, str]) -> None:
    # T4: no mode switches the resolver off.
    _, server, token = mode
    port, base = place(server)
    headers = [("Host", f"127.0.0.1:{port}"), ("Authorization", f"Bearer {token}")]
    for route in HTTP:
        request = example(route, {})
        for spot in request.places():
            if spot[0] == "body" or route.method != "GET":
                continue
            for text in WAYS_OUT:
                answer = send(port, "GET", base + request.with_text(spot, text).target(), headers)
                assert b"canary" not in answer.body.replace(text.encode(), b"").replace(b"canary.txt", b""), name_of(
                    route
                )
                assert b"root:x:0" not in answer.body
                assert answer.status < 500, name_of(route)


def test_other_names_are_refused(mode: tuple[str, Server, str]) -> None:
    name, server, token = mode
    port, base = place(server)
    login = ("Authorization", f"Bearer {token}")

    def status(host: str) -> int:
        return send(port, "GET", f"{base}/api/project", [("Host", host), login]).status

    assert status(f"127.0.0.1:{port}") == 200
    assert status(f"localhost:{port}") == 200
    assert status("evil.example") == 403
    assert status("studio.example.evil.example") == 403
    # Only a server that is reached from elsewhere is called by other addresses, and never by another name.
    assert status("192.0.2.7:6789") == (200 if name == "everywhere" else 403)
    assert status("studio.example") == (200 if name == "another name" else 403)
    for route in SOCKETS:
        path = base + example(route, {}).target()
        assert open_socket(port, path, [("Host", "evil.example"), ("Origin", "http://evil.example"), login]) == 403


def test_there_is_no_shell_where_it_is_switched_off(mode: tuple[str, Server, str]) -> None:
    name, server, token = mode
    port, base = place(server)
    headers = [("Host", f"127.0.0.1:{port}"), ("Authorization", f"Bearer {token}")]
    off = name == "no terminal"
    assert open_socket(port, f"{base}/api/terminal", headers) == (403 if off else 101)
    assert send(port, "GET", f"{base}/api/terminal/shells", headers).status == (403 if off else 200)
    permissions = server.get("/api/session")["permissions"]
    assert ("terminal" not in permissions) is off


@pytest.mark.parametrize("variable", [{"PENSTOCK_TERMINAL": "off"}, {"DISABLE_TERMINAL": "1"}])
def test_the_environment_switches_the_shell_off(tmp_path: Path, variable: dict[str, str]) -> None:
    server = start(tmp_path / "project", tmp_path, environment=variable)
    try:
        assert "terminal" not in server.get("/api/session")["permissions"]
        assert server.get("/api/project")["features"]["terminal"] is False
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("variable", "level"), [("PENSTOCK_READ_ONLY", 1), ("PENSTOCK_READ_ONLY", 2), ("DISABLE_NOTEBOOK_EDIT_ACCESS", 1)]
)
def test_a_read_only_server_changes_nothing(tmp_path: Path, variable: str, level: int) -> None:
    server = start(tmp_path / "project", tmp_path, environment={variable: str(level)})
    try:
        off = READ_ONLY[level]
        assert set(server.get("/api/session")["permissions"]) == {str(one) for one in Permission} - {*map(str, off)}
        assert server.get("/api/project")["features"]["terminal"] is False
        before = {path: path.read_bytes() for path in server.project.rglob("*") if path.is_file()}
        for route in [route for route in CHANGING if route.permission in off]:
            asked = example(route, {})
            content, kind = asked.content()
            told = server.client.request(route.method, asked.target(), content=content, headers={"content-type": kind})
            assert told.status_code == 403, name_of(route)
            assert "PENSTOCK_READ_ONLY" in told.json()["error"]["hint"]
        saving = {"edits": [{"block": "load_trips", "content": "1", "revision": ""}]}
        told = server.client.post("/api/pipelines/example_pipeline/runs", json=saving)
        assert (told.status_code, told.json()["error"]["code"]) == (403, "A102")
        assert {path: path.read_bytes() for path in server.project.rglob("*") if path.is_file()} == before
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("PENSTOCK_READ_ONLY", "yes", "'yes' is not one of 0, 1, 2"),
        ("PENSTOCK_BLOCK_MEMORY", "2 GB", "'2 GB' is not an integer"),
    ],
)
def test_a_setting_that_is_none_is_refused_before_anything_starts(
    tmp_path: Path, variable: str, value: str, problem: str
) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "penstock", "start", str(tmp_path / "project"), "--no-browser", "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
        env={**clean_environment(), variable: value},
    )
    assert told.returncode == 2
    assert problem in told.stderr
    assert not (tmp_path / "project").exists()


def test_a_prefix_that_a_proxy_takes_away_is_in_the_address_and_not_needed(tmp_path: Path) -> None:
    server = start(tmp_path / "project", tmp_path, environment={"MAGE_REQUESTS_BASE_PATH": "shop/etl"})
    try:
        assert server.url.endswith("/shop/etl")
        assert '<base href="/shop/etl/">' in server.client.get("/").text
        assert server.get("/api/session")["permissions"]
        port, _base = place(server)
        assert send(port, "GET", "/api/project", [("Host", f"127.0.0.1:{port}")]).status == 401
    finally:
        server.stop()


def test_there_is_no_way_to_switch_the_login_off() -> None:
    # T13: neither on loopback nor elsewhere.
    told = subprocess.run(
        [sys.executable, "-m", "penstock", "start", "--help"], capture_output=True, text=True, check=True
    )
    assert "--no-login" not in told.stdout
    refused = subprocess.run(
        [sys.executable, "-m", "penstock", "start", "--no-login"], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2


def test_a_login_outlives_a_restart_and_not_a_logout(tmp_path: Path) -> None:
    # T18: what was logged out stays so.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    first = start(tmp_path / "project", tmp_path, "--port", port)
    cookies = {one.name: one.value or "" for one in first.client.cookies.jar}
    assert first.stop(signal.SIGTERM) == 0
    second = start(tmp_path / "project", tmp_path, "--port", port)
    headers = [
        ("Host", f"127.0.0.1:{port}"),
        ("Cookie", "; ".join(f"{name}={value}" for name, value in cookies.items())),
    ]
    assert send(int(port), "GET", "/api/project", headers).status == 200
    assert send(int(port), "DELETE", "/api/session", [*headers, ("X-Penstock", "1")]).status == 204
    assert send(int(port), "GET", "/api/project", headers).status == 401
    assert second.stop(signal.SIGINT) == 0
    third = start(tmp_path / "project", tmp_path, "--port", port)
    assert send(int(port), "GET", "/api/project", headers).status == 401
    assert third.stop() == 0
    assert not [file for file in (tmp_path / "installation" / "studio").iterdir() if file.name.startswith("server-")]
