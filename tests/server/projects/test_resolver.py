from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pytest

from penstock.model.errors import PathRefusedError
from penstock.server.projects.resolver import Resolver
from penstock.server.routes import all_routes
from tests.server.projects.conftest import Browser

LEAVING = [
    "../secret.txt",
    "..",
    "a/../../secret.txt",
    "transformers/../../secret.txt",
    "/etc/passwd",
    "//etc/passwd",
    "~",
    "~/.ssh/id_rsa",
    "~root/x",
    "C:\\Windows\\win.ini",
    "c:/x",
    "\\\\host\\share\\x",
    "..\\secret.txt",
    "a\0b",
    "./x/./../..",
    "x//y",
    ".",
    "",
    "../good-secret/x",
    "out/x",
    "out",
    "x" * 5000,
]
ENCODED = [
    "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "..%2fsecret.txt",
    "%252e%252e%252fsecret.txt",
    "..%c0%afsecret.txt",
]
PRIVATE = [
    ".git/config",
    ".git/hooks/pre-commit",
    ".GIT/hooks/pre-commit",
    "sub/.git/hooks/x",
    ".git./hooks/x",
    ".git /hooks/x",
    ".g\u200cit/hooks/x",
    "git~1/hooks/x",
    "store/products/x",
]


@pytest.fixture
def fenced(browser: Browser) -> Browser:
    """A project with links that leave it, a sibling whose name begins like its own, and data folders in it."""
    root = browser.root
    (root.parent / "secret.txt").write_text("SECRET")
    (root.parent / "good-secret").mkdir()
    (root.parent / "good-secret/x").write_text("SECRET")
    (root / "out").symlink_to(root.parent)
    (root / "loop").symlink_to(root / "loop")
    (root / "store").symlink_to(root.parent / "data")
    (root / "inside").symlink_to(root / "transformers")
    return browser


@pytest.mark.parametrize("path", [*LEAVING, *PRIVATE[:8]])
def test_paths_that_are_refused(fenced: Browser, path: str) -> None:
    with pytest.raises(PathRefusedError):
        fenced.workspace.resolver.resolve(path)


def test_paths_that_are_not(fenced: Browser) -> None:
    resolver = fenced.workspace.resolver
    for path in (
        "transformers/join.py",
        "new folder/größe.py",
        "inside/join.py",
        "a.b/..c",
        "...",
        ".gitignore",
        "x%2e",
    ):
        assert resolver.resolve(path).relative == path
    assert resolver.resolve("", top=True).path == fenced.root


def test_data_in_the_project_is_private(tmp_path: Path) -> None:
    root = tmp_path / "p"
    (root / "data/products").mkdir(parents=True)
    inside = Resolver(root, (root / "data",))
    at_top = Resolver(root, (root,))
    around = Resolver(root, (tmp_path,))
    for resolver, path in ((inside, "data/x"), (inside, "data"), (at_top, "products/x"), (at_top, ".studio/x")):
        with pytest.raises(PathRefusedError):
            resolver.resolve(path)
    assert at_top.resolve("transformers/x.py").relative == "transformers/x.py"
    assert around.resolve("data/x").relative == "data/x"


def test_names_that_nobody_can_type_are_not_made(fenced: Browser) -> None:
    for path in ("a\nb", " a", "a ", "x/ y", "a\u202eb", "\x7f"):
        with pytest.raises(PathRefusedError):
            fenced.workspace.resolver.for_writing(path)


def _routes_with_a_path() -> list[tuple[str, str, str]]:
    """Every route that takes the path of a file, and where: found in the table, so that a new one is tested too."""
    found = []
    for routes in all_routes():
        for route in routes.all:
            for place, kind in (("query", route.query), ("body", route.body)):
                fields = (
                    set(getattr(kind, "__struct_encode_fields__", ())) if route.noun in {"files", "blocks"} else set()
                )
                named = sorted(fields & {"path", "folder", "from", "to", "file"})
                found += [(route.method, route.path, f"{place}:{name}") for name in named]
    return found


@pytest.mark.parametrize("path", [*LEAVING[:20], *ENCODED, *PRIVATE])
def test_no_route_reads_or_writes_outside(fenced: Browser, path: str) -> None:
    before = _snapshot(fenced.root.parent)
    routes = _routes_with_a_path()
    assert len(routes) >= 12
    for method, address, place in routes:
        where, name = place.split(":")
        query: dict[str, str] = {"id": "a" * 40, "q": "SECRET"}
        body: dict[str, object] = {
            "content": "x",
            "revision": None,
            "id": "a" * 40,
            "type": "transformer",
            "from": "metadata.yaml",
            "to": "moved",
        }
        (query if where == "query" else body)[name] = path
        if path == "" and (name == "folder" or address == "/api/files/download"):
            continue  # the project itself
        url = "/api" + address.removeprefix("/api").replace("{pipeline}", "orders").replace("{block}", "join")
        answer = fenced.client.request(method, url, params=query, json=_fitting(method, address, body))
        assert answer.status_code in range(400, 500) or (path in ENCODED and answer.status_code < 300), (
            url,
            place,
            answer.text,
        )
        assert "SECRET" not in answer.text
    after = _snapshot(fenced.root.parent)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    ours = ("good/", "data/") if path in ENCODED else ("data/",)
    assert not {name for name in changed if not name.startswith(ours)}


def _fitting(method: str, address: str, body: dict[str, object]) -> object:
    """The fields of the body that the route takes."""
    kind = next(
        route.body for routes in all_routes() for route in routes.all if (route.method, route.path) == (method, address)
    )
    names = getattr(kind, "__struct_encode_fields__", ())
    return {name: value for name, value in body.items() if name in names} if names else None


def _snapshot(root: Path) -> dict[str, bytes]:
    found = {}
    for parent, _folders, names in os.walk(root):
        for name in names:
            path = Path(parent) / name
            if path.is_file() and not path.is_symlink():
                found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


@pytest.mark.parametrize("uuid", ["../orders", "..", "../../secret", "/etc", "a\\b", "orders/../orders", "x\u0000"])
def test_uuids_of_pipelines_do_not_lead_out(fenced: Browser, uuid: str) -> None:
    for method, tail in (("GET", ""), ("GET", "/yaml"), ("GET", "/export"), ("DELETE", ""), ("POST", "/rename")):
        url = f"/api/pipelines/{quote(uuid, safe='')}{tail}"
        answer = fenced.client.request(method, url, json={"name": "x"} if method == "POST" else None)
        assert answer.status_code in range(400, 500), (url, answer.text)
    assert (fenced.root / "pipelines/orders/metadata.yaml").is_file()


def test_a_block_whose_entry_names_a_file_outside_is_not_opened(fenced: Browser) -> None:
    fenced.write(
        "pipelines/evil/metadata.yaml",
        "name: evil\ntype: python\nblocks:\n"
        "- {uuid: a, type: custom, language: python, configuration: {file_source: {path: ../secret.txt}}}\n"
        "- {uuid: ../../secret, type: custom, language: python}\n"
        "- {uuid: c, type: custom, language: python, configuration: {file_path: out/secret.txt}}\n",
    )
    text = fenced.client.get("/api/pipelines/evil").text
    assert "SECRET" not in text
    for uuid in ("a", "../../secret", "c"):
        url = f"/api/pipelines/evil/blocks/{quote(uuid, safe='')}"
        assert fenced.client.put(f"{url}/content", json={"content": "x", "revision": ""}).status_code in range(400, 500)
        fenced.client.delete(url)
    assert (fenced.root.parent / "secret.txt").read_text() == "SECRET"
