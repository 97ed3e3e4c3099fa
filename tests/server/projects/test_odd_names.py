"""Files and folders whose names are not UTF-8: one of them keeps nothing else from being shown."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from penstock.project.check import check_project
from penstock.project.load import open_project
from penstock.server.answers import response
from penstock.server.projects.index import PipelineIndex
from tests.server.projects.conftest import Browser

ODD = os.fsdecode(b"caf\xe9")
METADATA = "name: {0}\nuuid: {0}\ntype: python\nblocks: []\n"


def _make(root: Path) -> None:
    (root / "pipelines" / ODD).mkdir(parents=True)
    (root / "pipelines" / ODD / "metadata.yaml").write_text(METADATA.format("cafe"))
    (root / "data_loaders").mkdir(exist_ok=True)
    (root / "data_loaders" / f"{ODD}.py").write_text("@data_loader\ndef load():\n    return 1\n")
    (root / "data_loaders" / ODD).mkdir()
    (root / "data_loaders" / ODD / "deep.py").write_text("load = 1\n")


def _timeless(entry: Any) -> Any:
    """An entry without the moment at which a folder has changed."""
    return {key: value for key, value in entry.items() if key != "modified"} if isinstance(entry, dict) else entry


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/pipelines", {}),
        ("/blocks", {}),
        ("/search", {"q": "caf"}),
        ("/files/unused", {}),
        ("/files/search", {"q": "load"}),
        ("/files", {"path": "data_loaders"}),
        ("/check", {}),
    ],
)
def test_every_list_is_shown_without_them(browser: Browser, path: str, query: dict[str, str]) -> None:
    before = browser.get(path, **query)
    _make(browser.root)
    after = browser.get(path, **query)
    assert after.keys() == before.keys()
    for name, listed in before.items():
        if isinstance(listed, list) and name != "unread":
            still = [_timeless(each) for each in after[name]]
            assert [each for each in listed if _timeless(each) not in still] == [], "what was shown is shown"
    assert path == "/check" or "caf" not in json.dumps(after)


def test_a_folder_with_one_is_downloaded_without_it(browser: Browser) -> None:
    _make(browser.root)
    browser.write("data_loaders/plain.py", "x = 1\n")
    packed = browser.client.get("/api/files/download", params={"path": "data_loaders"})
    assert packed.status_code == 200
    names = zipfile.ZipFile(io.BytesIO(packed.content)).namelist()
    assert any(name.endswith("plain.py") for name in names)
    assert not any("caf" in name for name in names)


def test_the_index_of_pipelines_is_kept_without_it(tmp_path: Path) -> None:
    _make(tmp_path)
    for number in range(8):
        folder = tmp_path / "pipelines" / f"p{number}"
        folder.mkdir()
        (folder / "metadata.yaml").write_text(METADATA.format(f"p{number}"))
    (tmp_path / "metadata.yaml").write_text("project_type: standalone\n")
    kept = tmp_path / "kept.json"
    index = PipelineIndex(lambda: open_project(tmp_path), kept)
    assert sorted(index.entries()) == [f"p{number}" for number in range(8)]
    assert kept.exists()


def test_the_check_names_them_in_letters_that_can_be_shown(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("project_type: standalone\n")
    _make(tmp_path)
    found = [each for each in check_project(open_project(tmp_path)) if each.code == "PS052"]
    assert sorted(each.location.file for each in found if each.location) == [
        "data_loaders/caf\ufffd",
        "data_loaders/caf\ufffd.py",
        "pipelines/caf\ufffd",
    ]
    assert all(each.message.encode() for each in found)


def test_half_a_character_in_an_answer_is_a_question_mark() -> None:
    class Named(msgspec.Struct):
        names: list[str]

    answer = response(Named(["fine ü", ODD]), 200)
    assert answer.body == '{"names": ["fine ü", "caf?"]}'.encode()
