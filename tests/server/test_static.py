"""The files of the user interface: which path is which file, compressed or not, kept for how long."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from starlette.responses import FileResponse, Response

from penstock.server.static import StaticFiles

SCRIPT = b"console.log('a script')"


@pytest.fixture
def files(tmp_path: Path) -> StaticFiles:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><html><head><title>Penstock</title></head></html>")
    (tmp_path / "theme.js").write_text("theme")
    (tmp_path / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "assets" / "icon-3c4d.svg").write_text("<svg/>")
    return StaticFiles("/tools/penstock", tmp_path)


def get(files: StaticFiles, path: str, coding: str = "gzip, deflate, br") -> Response:
    return files.answer(path.encode(), {b"accept-encoding": coding.encode()} if coding else {})


def test_compressed_files_go_out_as_they_were_built(files: StaticFiles, tmp_path: Path) -> None:
    answer = get(files, "/assets/index-1a2b.js")
    assert isinstance(answer, FileResponse)
    assert Path(answer.path) == tmp_path / "assets" / "index-1a2b.js.gz"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("coding", "sent"), [("gzip, br", "br"), ("br", "br"), ("gzip, br;q=0", "gzip"), ("*", "gzip")]
)
def test_the_smallest_that_is_taken_is_sent(files: StaticFiles, tmp_path: Path, coding: str, sent: str) -> None:
    (tmp_path / "assets" / "index-1a2b.js.br").write_bytes(b"small")
    answer = get(files, "/assets/index-1a2b.js", coding)
    assert answer.headers["content-encoding"] == sent
    assert answer.headers["vary"] == "Accept-Encoding"
    assert get(files, "/assets/index-1a2b.js.br").status_code == 404


@pytest.mark.parametrize("coding", ["", "br", "gzip;q=0, br", "identity"])
def test_who_takes_no_gzip_gets_them_unpacked(files: StaticFiles, coding: str) -> None:
    answer = get(files, "/assets/index-1a2b.js", coding)
    assert answer.body == SCRIPT
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path", ["/assets/gone-9f9f.js", "/assets/index-1a2b.js.gz", "/assets/", "/assets/../index.html"]
)
def test_names_that_are_not_in_the_folder_do_not_exist(files: StaticFiles, path: str) -> None:
    assert get(files, path).status_code == 404


def test_small_files_outside_assets_are_asked_for_again(files: StaticFiles) -> None:
    assert get(files, "/theme.js").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/pipelines/a%2Fb", "/index.html", "/theme.js.gz", "/../../etc/passwd"])
def test_every_other_path_is_the_page_with_its_base(files: StaticFiles, path: str) -> None:
    answer = get(files, path)
    assert answer.media_type == "text/html"
    assert b'<base href="/tools/penstock/"><meta name="base-path" content="/tools/penstock">' in bytes(answer.body)
    assert answer.headers["cache-control"] == "no-cache"


def test_without_a_built_page_the_answer_says_what_to_do(tmp_path: Path) -> None:
    answer = get(StaticFiles("", tmp_path / "nothing"), "/")
    assert answer.status_code == 503
    assert b"make ui" in bytes(answer.body)


def test_a_new_build_is_served_without_a_restart(files: StaticFiles, tmp_path: Path) -> None:
    assert get(files, "/assets/index-1a2b.js").status_code == 200
    old = tmp_path.rename(tmp_path.with_name("old"))
    assert get(files, "/").status_code == 503
    (tmp_path / "assets").mkdir(parents=True)
    (tmp_path / "index.html").write_text("<html><head></head>new</html>")
    (tmp_path / "assets" / "index-5e6f.js").write_text("new")
    assert b"new" in bytes(get(files, "/").body)
    assert get(files, "/assets/index-5e6f.js").status_code == 200
    assert get(files, "/assets/index-1a2b.js").status_code == 404
    old.rename(tmp_path.with_name("gone"))
