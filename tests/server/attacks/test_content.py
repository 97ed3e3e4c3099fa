"""Files, archives, outputs and floods that are made to hurt: looking runs nothing, and the server goes on."""

from __future__ import annotations

import contextlib
import io
import json
import stat
import zipfile
from pathlib import Path

import msgspec
import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from penstock.server.permissions import Permission
from tests.patience import PATIENCE
from tests.server.attacks.conftest import Target, make_target
from tests.server.attacks.walking import HTTP, Answer, example, name_of, send

SERVER_LIMIT = 256 * 1024 * 1024  # after everything else of this file: about 70 at rest, with the state store
"""Bytes that the server's own process may hold, whatever it is sent."""


def drain(socket: ClientConnection, patience: float = PATIENCE, *, sending: str = "") -> None:
    """Send something, and read until nothing more comes."""
    if sending:
        socket.send(sending)
    with contextlib.suppress(TimeoutError):
        while True:
            socket.recv(timeout=patience)


def memory(target: Target) -> int:
    return psutil.Process(target.server.process.pid).memory_info().rss


def put(target: Target, path: str, content: str | bytes) -> Answer:
    body = content if isinstance(content, bytes) else content.encode()
    kind = ("Content-Type", "application/octet-stream")
    return send(target.port, "PUT", f"/api/files/upload?path={path}&replace=1", [*target.owner, kind], body)


@pytest.fixture
def whole(target: Target) -> Target:
    target.restore()
    return target


@pytest.mark.parametrize("block", ["load", "evil", "shown", "trap"])
def test_looking_runs_nothing(whole: Target, block: str) -> None:
    # T20, T26: outputs that only pickle can hold are never loaded, code with traps is only parsed.
    known = {**whole.known, "block": block, "path": f"custom/{block}.py", "template": block}
    found = []
    for route in HTTP:
        if route.permission in {Permission.RUN, Permission.TERMINAL} or route.method == "DELETE":
            continue
        answer = whole.ask(example(route, known))
        if answer.status >= 500:
            found.append(f"{name_of(route)}: {answer.status} {answer.body[:200]!r}")
        if whole.touched.exists():
            found.append(f"{name_of(route)}: something ran")
            whole.touched.unlink()
        if route.method != "GET":
            whole.restore()
    assert not found, "\n".join(found)


def test_the_server_holds_no_library_that_loads_values(target: Target) -> None:
    # T20: what could load a value is in processes of its own.
    loaded = {Path(one.path).name for one in psutil.Process(target.server.process.pid).memory_maps()}
    libraries = {name for name in loaded if ".so" in name}
    assert libraries
    assert not [name for name in libraries if any(word in name for word in ("arrow", "pandas", "duckdb", "numpy"))]
    assert memory(target) < SERVER_LIMIT


def test_markup_of_outputs_has_an_origin_of_its_own(target: Target) -> None:
    # T35: whatever an output holds, on its own page it reaches nothing of this server.
    for block in ("load", "shown"):
        for what in ("frame", "download", "value"):
            answer = send(target.port, "GET", f"/api/products/flights/{block}/{what}", target.owner)
            kind = answer.headers.get("content-type", "")
            policy = answer.headers["content-security-policy"]
            assert policy.startswith(("sandbox", "default-src 'none'; sandbox")), (block, what)
            assert "allow-same-origin" not in policy
            if what == "download" and answer.status == 200:
                assert answer.headers["content-disposition"].startswith("attachment")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert kind, (block, what)


YAML = {
    "object": '!!python/object/apply:os.system ["touch {touched}"]',
    "key": "name: x\n!!python/name:os.system : 1\nblocks: []\n",
    "tag": 'name: !!python/object/new:type {{args: ["z", !!python/tuple [], {{"extend": !!python/name:exec }}]}}\n',
    "laughs": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)),
    "deep": "a: " + "[" * 100_000,
    "deep blocks": "blocks:\n" + "".join(" " * n + "-\n" for n in range(1, 3000)),
    "keys": "name: a\nname: b\ntype: python\nblocks: []\nblocks: [{{uuid: x}}]\n",
    "large": "name: x\ntype: python\nblocks: []\ndescription: " + "x" * 10_000_000 + "\n",
    "many": "name: x\ntype: python\nblocks:\n" + "- {{uuid: x, type: custom}}\n" * 5_000,
    "merge": "a: &a\n  <<: *a\nblocks: []\n",
    "binary": "name: !!binary |\n  //79\nblocks: 7\n",
    "number": "name: x\ntype: python\nblocks: []\nx: 0x" + "f" * 100_000 + "\n",
    "time": "name: x\ntype: python\nblocks: []\nx: 9999999-99-99 99:99:99\n",
    "not text": "\udcff\udcfe",
}


@pytest.mark.parametrize("what", YAML)
def test_yaml(whole: Target, what: str) -> None:
    # T22: on disk, as a pull brings it, and through the API; in a pipeline, and in the project's own file.
    text = YAML[what].replace("{touched}", str(whole.touched)).replace("{{", "{").replace("}}", "}")
    content = text.encode(errors="surrogateescape")
    before = memory(whole)
    for path in ("pipelines/flights/metadata.yaml", "pipelines/new/metadata.yaml", "io_config.yaml", "metadata.yaml"):
        file = whole.project / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        for route in HTTP:
            if route.method == "GET" and route.permission is Permission.VIEW:
                answer = whole.ask(example(route, {**whole.known, "path": path}))
                assert answer.status != 500, (name_of(route), answer.body[:300])
        assert put(whole, path, content).status < 500
        body = msgspec.json.encode({"content": text.encode("utf-8", "replace").decode(), "revision": "x"})
        kind = ("Content-Type", "application/json")
        for address in ("/api/pipelines/flights/yaml", "/api/files/content?path=" + path):
            assert send(whole.port, "PUT", address, [*whole.owner, kind], body).status in {404, 409, 413, 422}
        whole.restore()
    assert not whole.touched.exists()
    assert memory(whole) - before < SERVER_LIMIT


def archive(entries: dict[str, bytes], *, link: str = "", links_to: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        if link:
            info = zipfile.ZipInfo(link)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(info, links_to)
    return file.getvalue()


PIPELINE = b"name: imported\ntype: python\nblocks:\n- {uuid: load, name: load, type: data_loader, language: python}\n"


@pytest.mark.parametrize(
    "name",
    [
        "../../outside/planted.py",
        "/tmp/planted.py",
        "..\\..\\outside\\planted.py",
        "C:\\planted.py",
        "data_loaders/../../outside/planted.py",
        ".git/hooks/post-checkout",
        ".git/config",
        "link/planted.py",
        "a\0b.py",
        "metadata.yaml",
        "sitecustomize.py",
        "conftest.py",
        "x.pth",
        "data_loaders/load.py",
    ],
)
def test_an_archive_stays_in_its_pipeline(whole: Target, name: str) -> None:
    # T29, T45: nothing outside, nothing of git's, nothing that is there already.
    before = whole.elsewhere()
    files = {path: path.read_bytes() for path in whole.project.rglob("*") if path.is_file()}
    content = archive({"pipelines/imported/metadata.yaml": PIPELINE, name: b"planted = 1\n"})
    kind = ("Content-Type", "application/zip")
    answer = send(whole.port, "POST", "/api/pipelines/import?name=imported", [*whole.owner, kind], content)
    assert answer.status < 500, answer.body
    assert whole.elsewhere() == before
    assert not Path("/tmp/planted.py").exists()
    assert not [path for path, was in files.items() if path.read_bytes() != was and ".git/index" not in str(path)]
    assert not whole.touched.exists()


def test_a_link_in_an_archive_is_none(whole: Target) -> None:
    content = archive(
        {"pipelines/imported/metadata.yaml": PIPELINE},
        link="data_loaders/planted.py",
        links_to=str(whole.outside / "canary.txt"),
    )
    kind = ("Content-Type", "application/zip")
    answer = send(whole.port, "POST", "/api/pipelines/import?name=imported", [*whole.owner, kind], content)
    assert answer.status < 500
    assert not [path for path in (whole.project / "data_loaders").iterdir() if path.is_symlink()]
    assert whole.secret.encode() not in answer.body


def test_an_archive_that_swells_is_refused(whole: Target) -> None:
    # T45: 20 MB that become 20 GB; many small files; what is no archive.
    before = memory(whole)
    kind = ("Content-Type", "application/zip")
    swelling = archive(
        {"pipelines/x/metadata.yaml": PIPELINE, **{f"custom/{n}.py": b"\0" * 50_000_000 for n in range(8)}}
    )
    many = archive({f"custom/{number}.py": b"" for number in range(30_000)})
    for content in (swelling, many, b"PK\x03\x04" + b"\0" * 1000, b"no archive", swelling[:-100]):
        answer = send(whole.port, "POST", "/api/pipelines/import", [*whole.owner, kind], content)
        assert 400 <= answer.status < 500, answer.body[:300]
    assert memory(whole) - before < SERVER_LIMIT
    assert sum(path.stat().st_size for path in whole.project.rglob("*") if path.is_file()) < 1_000_000


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "text/html", "application/zip", ""]
)
def test_an_upload_is_its_bytes_whatever_they_claim_to_be(whole: Target, kind: str) -> None:
    # T28: JSON that names a file on the server is stored as JSON.
    content = json.dumps(
        {"files": {"f": {"filepath": str(whole.outside / "canary.txt")}}, "path": "/etc/passwd"}
    ).encode()
    headers = [*whole.owner, *([("Content-Type", kind)] if kind else [])]
    answer = send(whole.port, "PUT", "/api/files/upload?path=custom/up.json", headers, content)
    assert answer.status == 200, answer.body
    assert (whole.project / "custom" / "up.json").read_bytes() == content


@pytest.mark.parametrize(
    "path",
    [".git/hooks/pre-commit", ".git/config", ".git", ".GIT/config", "custom/.git/config", "link/x.py", "../x.py"],
)
def test_nothing_is_written_where_it_would_run(whole: Target, path: str) -> None:
    # T29: git's own files and what lies outside, by every way of writing.
    before = whole.elsewhere()
    hooks = {file: file.read_bytes() for file in (whole.project / ".git" / "hooks").iterdir()}
    kind = ("Content-Type", "application/json")
    tries = [
        ("PUT", f"/api/files/content?path={path}", {"content": "x", "revision": None}),
        ("POST", "/api/files/folder", {"path": path}),
        ("POST", "/api/files/move", {"from": "data_loaders/load.py", "to": path}),
        ("POST", "/api/files/move", {"source": "data_loaders/load.py", "target": path}),
        ("POST", "/api/files/restore", {"path": path, "id": "x"}),
    ]
    for method, address, body in tries:
        answer = send(whole.port, method, address, [*whole.owner, kind], msgspec.json.encode(body))
        assert answer.status in {403, 404, 409, 422}, (address, body, answer.status)
    assert put(whole, path, "x").status == 403
    assert send(whole.port, "DELETE", f"/api/files?path={path}", whole.owner).status == 403
    assert whole.elsewhere() == before
    assert {file: file.read_bytes() for file in (whole.project / ".git" / "hooks").iterdir()} == hooks


def test_modules_of_a_project_are_no_modules_of_the_server(tmp_path: Path) -> None:
    # T26, T29: started inside of a project that has its own json.py, msgspec.py, sitecustomize.py, pyarrow.py ...
    target = make_target(tmp_path / "home", cwd=tmp_path / "home" / "project")
    try:
        for address in (
            "/api/products/flights/load/value",
            "/api/products/flights/load/cell?row=0&column=a",
            "/api/project",
            "/api/check",
            "/api/search?q=load",
            "/api/files/search?q=l.*d&regex=1",
            "/api/pipelines/flights",
            "/api/language/status",
            "/api/pipelines/flights/blocks/load/names",
        ):
            assert send(target.port, "GET", address, target.owner).status < 500, address
        kind = ("Content-Type", "application/json")
        body = b'{"offset": 0, "limit": 10, "sort": [], "filters": [], "format": "json"}'
        page = send(target.port, "POST", "/api/products/flights/load/page", [*target.owner, kind], body)
        assert page.status == 200, page.body
        for address in ("/api/language/format", "/api/language/check"):
            body = b'{"path": "custom/trap.py", "content": "import json\\n", "language": "python"}'
            assert send(target.port, "POST", address, [*target.owner, kind], body).status < 500
        told = target.touched.read_text() if target.touched.exists() else None
        assert told is None
    finally:
        target.server.stop()


def test_large_bodies(target: Target) -> None:
    # T46: what is too large is refused while it comes, and not kept.
    before = memory(target)
    kind = ("Content-Type", "application/json")
    for method, address in (("POST", "/api/pipelines"), ("PUT", "/api/files/content?path=custom/x.py")):
        head = [*target.owner, kind, ("Transfer-Encoding", "chunked")]
        assert refused_while_sending(target, method, address, head) == 413
    assert memory(target) - before < SERVER_LIMIT
    assert target.server.get("/api/session")["name"] == "owner"


def test_who_sends_too_much_and_reads_only_then_is_told_so(target: Target) -> None:
    head = [*target.owner, ("Content-Type", "application/json")]
    for _ in range(3):
        answer = send(target.port, "POST", "/api/runs", head, bytes(50 << 20))
        assert (answer.status, b"larger than" in answer.body) == (413, True)


def refused_while_sending(target: Target, method: str, address: str, headers: list[tuple[str, str]]) -> int:
    """The status that comes back while a body of a gigabyte is being sent."""
    import socket

    lines = [f"{method} {address} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", target.port), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join(lines).encode())
        try:
            for _ in range(1 << 14):
                connection.sendall(chunk)
        except OSError:
            pass
        else:
            raise AssertionError("all of it was taken")
        try:
            return int(connection.recv(1 << 12).split(b" ")[1])
        except OSError:
            return 413  # the answer was lost with the connection, which was closed on what was still coming


@pytest.mark.parametrize(
    ("target_path", "headers"),
    [
        ("/api/" + "x/" * 10_000, []),
        ("/api/files/content?path=" + "x" * 60_000, []),
        ("/api/project", [("X", "x" * 1_000_000)]),
        ("/api/project", [(f"X{number}", "x") for number in range(20_000)]),
        ("/api/project", [("Cookie", "; ".join(f"c{number}=x" for number in range(5_000)))]),
        ("/api/project?" + "&".join(f"a{number}=1" for number in range(10_000)), []),
    ],
)
def test_large_heads(target: Target, target_path: str, headers: list[tuple[str, str]]) -> None:
    try:
        status = send(target.port, "GET", target_path, [*target.owner, *headers]).status
    except ConnectionError:
        status = 400
    assert status in {200, 400, 403, 404, 413, 414, 422, 431}
    assert memory(target) < SERVER_LIMIT
    assert target.server.get("/api/session")["name"] == "owner"


def test_a_flood_of_messages(target: Target) -> None:
    # T46: a hundred thousand messages that mean nothing, and one that is too large; others are served meanwhile.
    before = memory(target)
    with target.server.socket("/api/terminal") as socket:
        for _ in range(100_000):
            socket.send('{"type": "shown", "bytes": 1}')
        assert target.server.get("/api/session")["name"] == "owner"
        with pytest.raises(ConnectionClosed) as closed:
            drain(socket, sending="x" * 5_000_000)
    assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
    with target.server.socket("/api/live", close_timeout=1) as live, contextlib.suppress(ConnectionClosed):
        for number in range(100_000):
            live.send(json.dumps({"op": "subscribe", "topic": f"pipeline:{number}"}))
        drain(live, 1)
    assert memory(target) - before < SERVER_LIMIT
    assert target.server.get("/api/session")["name"] == "owner"


def test_a_shown_line_of_100_mb(whole: Target) -> None:
    # T46: a file of one line, read, searched and compared.
    (whole.project / "custom" / "line.py").write_bytes(b"x" * 100_000_000)
    before = memory(whole)
    for address in (
        "/api/files/content?path=custom/line.py",
        "/api/files/search?q=xx",
        "/api/search?q=xx",
        "/api/files/versions?path=custom/line.py",
        "/api/git/diff?path=custom/line.py",
        "/api/git/status",
        "/api/check",
        "/api/blocks",
    ):
        answer = send(whole.port, "GET", address, whole.owner)
        assert answer.status < 500, address
        assert len(answer.body) < 20_000_000, address
    assert memory(whole) - before < SERVER_LIMIT


def test_many_idle_connections_do_not_keep_others_out(target: Target) -> None:
    import socket

    idle = [socket.create_connection(("127.0.0.1", target.port)) for _ in range(300)]
    try:
        for one in idle:
            one.sendall(b"GET /api/session HTTP/1.1\r\n")
        assert target.server.get("/api/session")["name"] == "owner"
    finally:
        for one in idle:
            one.close()
