from __future__ import annotations

import io
import os
import subprocess
import threading
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from penstock.model.errors import ConflictError, SettingInvalidError
from penstock.server.schema.files import TextQuery
from tests.server.projects.conftest import Browser


def _save(browser: Browser, path: str, content: str, revision: str | None, status: int = 200) -> dict:
    return browser.ask("PUT", "/files/content", {"content": content, "revision": revision}, path=path, status=status)


def test_the_tree_level_by_level(browser: Browser) -> None:
    top = browser.get("/files")
    names = [entry["name"] for entry in top["entries"]]
    assert names.index("transformers") < names.index("metadata.yaml")
    folder = browser.get("/files", folder="transformers")
    entry = next(each for each in folder["entries"] if each["name"] == "join.py")
    assert (entry["path"], entry["kind"], entry["pipelines"]) == ("transformers/join.py", "file", ["orders"])
    browser.get("/files", folder="nowhere", status=404)
    browser.get("/files", folder="metadata.yaml", status=422)


def test_a_new_file_must_not_exist_and_an_old_one_must_be_the_one_seen(browser: Browser) -> None:
    saved = _save(browser, "docs/notes.md", "# Hello\n", None)
    assert browser.file("docs/notes.md") == "# Hello\n"
    error = _save(browser, "docs/notes.md", "x", None, 409)["error"]
    assert error["details"]["content"] == "# Hello\n"
    browser.write("docs/notes.md", "changed outside\n")
    error = _save(browser, "docs/notes.md", "x", saved["revision"], 409)["error"]
    assert error["details"]["content"] == "changed outside\n"
    assert browser.file("docs/notes.md") == "changed outside\n"
    (browser.root / "docs/notes.md").unlink()
    error = _save(browser, "docs/notes.md", "x", saved["revision"], 409)["error"]
    assert error["details"] == {"revision": None, "content": None}


def test_of_many_that_save_at_once_exactly_one_wins(browser: Browser) -> None:
    revision = browser.get("/files/content", path="transformers/join.py")["revision"]
    barrier = threading.Barrier(12)
    outcomes: list[int] = []

    def save(number: int) -> None:
        barrier.wait()
        with suppress(ConflictError):
            browser.workspace.contents.save("transformers/join.py", f"# {number}\n", revision)
            outcomes.append(number)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert browser.file("transformers/join.py") == f"# {outcomes[0]}\n"


def test_line_breaks_and_byte_order_marks_stay(browser: Browser) -> None:
    path = browser.root / "win.py"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    file = browser.get("/files/content", path="win.py")
    assert (file["content"], file["encoding"]) == ("one\r\ntwo\r\n", "utf-8-sig")
    _save(browser, "win.py", "one\nzwei\nthree\n", file["revision"])
    assert path.read_bytes() == b"\xef\xbb\xbfone\r\nzwei\r\nthree\r\n"
    path.write_bytes(b"a\r\nb\nc\r\nd\n")
    file = browser.get("/files/content", path="win.py")
    _save(browser, "win.py", "a\nb\nnew\nc\nd\n", file["revision"])
    assert path.read_bytes() in {b"a\r\nb\nnew\nc\r\nd\n", b"a\r\nb\nnew\r\nc\r\nd\n"}


def test_what_is_no_text_says_so_in_one_sentence(browser: Browser) -> None:
    (browser.root / "latin.py").write_bytes("x = 'é'\n".encode("latin-1"))
    (browser.root / "pic.bin").write_bytes(b"\x89PNG\0\0")
    with (browser.root / "big.csv").open("wb") as file:
        file.truncate(100 << 20)
    os.mkfifo(browser.root / "pipe")
    assert "not UTF-8: byte 0xe9 on line 1" in browser.get("/files/content", path="latin.py")["problem"]
    assert "not a text file" in browser.get("/files/content", path="pic.bin")["problem"]
    assert "100 MB" in browser.get("/files/content", path="big.csv")["problem"]
    assert "regular file" in browser.get("/files/content", path="pipe", status=422)["error"]["message"]
    assert "a folder" in browser.get("/files/content", path="transformers", status=422)["error"]["message"]
    error = _save(browser, "latin.py", "x", "r", 422)["error"]
    assert "saving latin.py: it is not UTF-8" in error["message"]


def test_versions_and_restoring(browser: Browser) -> None:
    path = "transformers/join.py"
    texts = [browser.file(path)]
    revision = browser.get("/files/content", path=path)["revision"]
    for number in range(3):
        texts.append(f"# version {number}\n")
        revision = _save(browser, path, texts[-1], revision)["revision"]
    versions = browser.get("/files/versions", path=path)["versions"]
    assert [version["source"] for version in versions] == ["saved"] * 3
    told = [browser.get("/files/version", path=path, id=version["id"])["content"] for version in versions]
    assert told == texts[2::-1]
    browser.ask("POST", "/files/restore", {"path": path, "id": versions[-1]["id"]})
    assert browser.file(path) == texts[0]
    assert browser.get("/files/versions", path=path)["versions"][0]["size"] == len(texts[-1])
    browser.get("/files/version", path=path, id="../../x", status=404)


def test_only_the_newest_versions_are_kept_and_they_follow_a_move(browser: Browser, monkeypatch) -> None:
    monkeypatch.setenv("MAX_NUMBER_OF_FILE_VERSIONS", "5")
    revision = _save(browser, "a.txt", "0", None)["revision"]
    for number in range(1, 12):
        revision = _save(browser, "a.txt", str(number), revision)["revision"]
    browser.ask("POST", "/files/move", {"from": "a.txt", "to": "b/c.txt"})
    kept = browser.get("/files/versions", path="b/c.txt")["versions"]
    assert [browser.get("/files/version", path="b/c.txt", id=each["id"])["content"] for each in kept] == [
        "10",
        "9",
        "8",
        "7",
        "6",
    ]
    folder = browser.workspace.versions.folder
    assert len([path for path in folder.rglob("*") if path.is_file() and path.name != "log"]) == 5


def test_moving_a_block_file_keeps_its_blocks(browser: Browser) -> None:
    moved = browser.ask("POST", "/files/move", {"from": "transformers/join.py", "to": "transformers/deep/merge.py"})
    assert moved["pipelines"] == ["orders"]
    assert browser.block("orders", "join")["file"] == "transformers/deep/merge.py"
    browser.ask("POST", "/files/move", {"from": "transformers/deep", "to": "transformers/other"})
    assert browser.block("orders", "join")["file"] == "transformers/other/merge.py"
    browser.ask("POST", "/files/move", {"from": "nowhere", "to": "x"}, status=404)
    browser.ask("POST", "/files/move", {"from": "transformers", "to": "transformers/in/itself"}, status=409)
    browser.ask("POST", "/files/move", {"from": "metadata.yaml", "to": "io_config.yaml"}, status=409)
    browser.ask("POST", "/files/move", {"from": "pipelines/orders", "to": "pipelines/x"}, status=409)


def test_deleting_and_undoing_a_folder(browser: Browser) -> None:
    before = sorted(path.name for path in (browser.root / "transformers").iterdir())
    gone = browser.ask("DELETE", "/files", path="transformers")
    assert not (browser.root / "transformers").exists()
    browser.ask("POST", f"/undo/{gone['undo']}")
    assert sorted(path.name for path in (browser.root / "transformers").iterdir()) == before
    browser.ask("DELETE", "/files", path="pipelines", status=409)
    browser.ask("DELETE", "/files", path="metadata.yaml", status=409)
    browser.ask("DELETE", "/files", path="nowhere", status=404)


def test_uploads_are_whole_or_nothing(browser: Browser) -> None:
    data = os.urandom(3 << 20)
    answer = browser.client.put("/api/files/upload", params={"path": "data/x.bin"}, content=data)
    assert (answer.json()["size"], (browser.root / "data/x.bin").read_bytes() == data) == (len(data), True)
    assert browser.client.put("/api/files/upload", params={"path": "data/x.bin"}, content=b"y").status_code == 409
    answer = browser.client.put("/api/files/upload", params={"path": "data/x.bin", "replace": "1"}, content=b"y")
    assert (browser.root / "data/x.bin").read_bytes() == b"y"
    assert browser.client.put("/api/files/upload", params={"path": "data"}, content=b"y").status_code == 409
    assert [path.name for path in (browser.root / "data").iterdir()] == ["x.bin"]


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "text/html", "application/x-www-form-urlencoded"]
)
def test_what_an_upload_claims_to_be_does_not_matter(browser: Browser, kind: str) -> None:
    body = b'{"path": "/etc/passwd", "filepath": "/etc/passwd"}'
    answer = browser.client.put(
        "/api/files/upload", params={"path": "claim.txt"}, content=body, headers={"Content-Type": kind}
    )
    assert answer.status_code == 200
    assert (browser.root / "claim.txt").read_bytes() == body


def test_downloads(browser: Browser) -> None:
    answer = browser.client.get("/api/files/download", params={"path": "transformers/join.py"})
    assert answer.text == browser.file("transformers/join.py")
    assert "attachment" in answer.headers["content-disposition"]
    answer = browser.client.get("/api/files/download", params={"path": "transformers"})
    assert sorted(zipfile.ZipFile(io.BytesIO(answer.content)).namelist()) == ["join.py", "totals.sql"]
    assert browser.client.get("/api/files/download", params={"path": "nowhere"}).status_code == 404


def test_searching_text(browser: Browser) -> None:
    hits = browser.get("/files/search", q="RETURN ORDERS")["hits"]
    assert [(hit["path"], hit["line"], hit["column"]) for hit in hits] == [("transformers/join.py", 7, 5)]
    assert browser.get("/files/search", q="RETURN ORDERS", case="true")["hits"] == []
    assert browser.get("/files/search", q=r"def \w+\(orders", regex="true")["hits"][0]["line"] == 6
    browser.get("/files/search", q="(", regex="true", status=422)
    browser.get("/files/search", q="x" * 600, status=422)


def test_a_search_says_that_a_file_has_more_places_than_are_shown(browser: Browser) -> None:
    browser.write("many.txt", "needle\n" * 50)
    found = browser.get("/files/search", q="needle")
    assert (len(found["hits"]), found["truncated"]) == (50, False)
    browser.write("many.txt", "needle\n" * 51)
    found = browser.get("/files/search", q="needle")
    assert (len(found["hits"]), found["truncated"]) == (50, True)


def test_an_expression_that_takes_for_ever_is_ended(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    from penstock.server.projects import regex_child, text_search

    monkeypatch.setattr(regex_child, "START_SECONDS", 1.0)
    browser.write("evil.txt", "a" * 5000 + "!\n")
    query = TextQuery("(a+)+b", regex=True)
    with pytest.raises(SettingInvalidError, match="takes too long"):
        text_search.search_text(browser.workspace.resolver, query, seconds=0.5)


def test_folders_and_names_with_blanks_and_in_other_scripts(browser: Browser) -> None:
    browser.ask("POST", "/files/folder", {"path": "Über uns/数据 1"})
    browser.ask("POST", "/files/folder", {"path": "Über uns/数据 1"}, status=409)
    _save(browser, "Über uns/数据 1/größe.py", "x = 1\n", None)
    assert browser.get("/files", folder="Über uns/数据 1")["entries"][0]["name"] == "größe.py"


def test_a_folder_that_is_read_only_is_told(browser: Browser) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    folder = browser.root / "transformers"
    folder.chmod(0o555)
    try:
        revision = browser.get("/files/content", path="transformers/join.py")["revision"]
        error = _save(browser, "transformers/join.py", "x", revision, 507)["error"]
        assert error["hint"]
        assert _save(browser, "transformers/new.py", "x", None, 507)["error"]["code"] == "D105"
        browser.ask("POST", "/pipelines/orders/blocks", {"type": "transformer", "name": "new"}, status=507)
    finally:
        folder.chmod(0o755)


def test_a_full_disk_leaves_the_old_content(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    revision = browser.get("/files/content", path="transformers/join.py")["revision"]
    before = browser.file("transformers/join.py")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    error = _save(browser, "transformers/join.py", "x", revision, 507)["error"]
    assert "No space left on device" in error["message"]
    assert browser.file("transformers/join.py") == before
    assert not list(browser.root.rglob("*.tmp"))


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", *arguments],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.fixture
def repository(browser: Browser) -> Browser:
    _git(browser.root, "init", "-q", "-b", "main")
    _git(browser.root, "add", "-A")
    _git(browser.root, "commit", "-q", "-m", "First")
    return browser


def test_without_a_repository_git_says_so(browser: Browser) -> None:
    status = browser.get("/git/status")
    assert (status["repository"], bool(status["reason"])) == (False, True)
    assert browser.get("/pipelines/orders")["git"] is None


def test_git_status_marks_and_diff(repository: Browser) -> None:
    assert repository.get("/git/status")["changed"] == []
    assert repository.get("/pipelines/orders")["git"] == {"branch": "main", "changed": []}
    revision = repository.get("/files/content", path="transformers/join.py")["revision"]
    before = repository.file("transformers/join.py")
    _save(repository, "transformers/join.py", "x = 1\n", revision)
    _save(repository, "transformers/neu é.py", "x", None)
    status = repository.get("/git/status")
    assert status["changed"] == [
        {"path": "transformers/join.py", "code": "M"},
        {"path": "transformers/neu é.py", "code": "?"},
    ]
    assert repository.get("/pipelines/orders")["git"]["changed"] == ["transformers/join.py"]
    marks = {each["name"]: each["git"] for each in repository.get("/files", folder="transformers")["entries"]}
    assert marks == {"join.py": "M", "neu é.py": "?", "totals.sql": None}
    diff = repository.get("/git/diff", path="transformers/join.py")
    assert (diff["base"], diff["content"]) == (before, "x = 1\n")
    assert repository.get("/git/diff", path="transformers/neu é.py")["base"] is None
    versions = repository.get("/files/versions", path="transformers/join.py")["versions"]
    assert [version["source"] for version in versions] == ["saved", "git"]
    commit = versions[1]
    assert (commit["author"], commit["message"]) == ("A", "First")
    assert repository.get("/files/version", path="transformers/join.py", id=commit["id"])["content"] == before


def test_nothing_that_a_repository_says_makes_git_run_a_program(repository: Browser, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\ntouch {canary}\n")
    script.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "core.sshCommand",
        "diff.x.textconv",
        "diff.x.command",
    ):
        _git(repository.root, "config", key, str(script))
    (repository.root / ".gitattributes").write_text("*.py diff=x\n")
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-commit"):
        target = repository.root / ".git/hooks" / hook
        target.write_bytes(script.read_bytes())
        target.chmod(0o755)
    repository.write("transformers/join.py", "changed\n")
    repository.get("/git/status")
    repository.get("/git/diff", path="transformers/join.py")
    repository.get("/files/versions", path="transformers/join.py")
    assert not canary.exists()


@pytest.mark.parametrize("name", ["--output=pwned", "--upload-pack=touch pwned", "-c", "--help", "--ext-diff"])
def test_names_with_dashes_are_no_options(repository: Browser, name: str) -> None:
    (repository.root / name).write_text("x\n")
    for path in ("/git/diff", "/files/versions"):
        answer = repository.client.get(f"/api{path}", params={"path": name})
        assert answer.status_code in {200, 403}
    answer = repository.client.get("/api/files/version", params={"path": "metadata.yaml", "id": name})
    assert answer.status_code == 404
    assert not (repository.root / "pwned").exists()
