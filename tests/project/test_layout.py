from __future__ import annotations

import os
from pathlib import Path

import pytest

from penstock.model.block import BlockType, Language
from penstock.model.errors import PipelineNotFoundError
from penstock.project import check_project, open_project
from penstock.project.layout import clean_name, find_block_file, is_inside


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My Block", "my_block"),
        ("  a-b.c ", "a_b_c"),
        ("api/Load It", "api/load_it"),
        ("Größe 1", "größe_1"),
        ("a//b", "a/b"),
        ("x!?", "x"),
    ],
)
def test_names_are_cleaned(text: str, name: str) -> None:
    assert clean_name(text) == name


@pytest.mark.parametrize(
    "path", ["", "/a", "~/a", "../a", "a/../b", "a\\b", "C:\\a", "c:/a", "a\0", ".", "a/./b", "\\\\server\\share"]
)
def test_paths_that_leave_or_pretend(path: str) -> None:
    assert not is_inside(path)


def _project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for name in (
        "data_loaders/a.py",
        "data_loaders/api/b.py",
        "data_loaders/my_block.py",
        "dbt/m/models/c.sql",
        "odd/d.py",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    (root / "pipelines").mkdir()
    (tmp_path / "secret.py").write_text("")
    (tmp_path / "other/data_loaders").mkdir(parents=True)
    (tmp_path / "other/data_loaders/e.py").write_text("")
    return root


@pytest.mark.parametrize(
    ("uuid", "configuration", "found", "named"),
    [
        ("a", {}, "data_loaders/a.py", False),
        ("a.py", {}, "data_loaders/a.py", False),
        ("api/b", {}, "data_loaders/api/b.py", False),
        ("My Block", {}, "data_loaders/my_block.py", False),
        ("x", {"file_source": {"path": "odd/d.py"}}, "odd/d.py", False),
        ("x", {"file_source": {"path": "shop/odd/d.py"}}, "odd/d.py", False),
        ("x", {"file_path": "odd/d.py"}, "odd/d.py", False),
        ("x", {"file_path": "m/models/c.sql"}, "dbt/m/models/c.sql", False),
        ("a", {"file_source": {"path": "odd/d.py"}, "file_path": "data_loaders/a.py"}, "odd/d.py", False),
        ("x", {"file_source": {"path": "/home/me/shop/data_loaders/api/b.py"}}, "data_loaders/api/b.py", True),
        ("x", {"file_source": {"path": "C:\\me\\shop\\odd\\d.py"}}, "odd/d.py", True),
        ("x", {"file_source": {"path": "renamed/odd/d.py"}}, "odd/d.py", True),
        ("a", {"file_source": {"path": "gone/x.py"}}, "data_loaders/a.py", True),
        ("a", {"file_source": {"path": None}}, "data_loaders/a.py", False),
        ("a", {"file_source": None, "file_path": 3}, "data_loaders/a.py", False),
        ("x", {"file_source": {"path": "data_loaders/../odd/d.py"}}, "odd/d.py", False),
        ("x", {"file_source": {"path": "/d.py"}}, None, True),
        ("x", {}, None, False),
        ("x" * 300, {}, None, False),
        ("x", {"file_path": "y" * 300 + ".py"}, None, True),
    ],
)
def test_where_a_block_is(
    uuid: str, configuration: dict[str, object], found: str | None, *, named: bool, tmp_path: Path
) -> None:
    root = _project(tmp_path)
    result = find_block_file(open_project(root), uuid, BlockType.DATA_LOADER, Language.PYTHON, configuration)
    assert result.path == (root / found if found else None)
    assert bool(result.named) == named
    assert not result.outside


@pytest.mark.parametrize(
    "path",
    [
        "../secret.py",
        "data_loaders/../../secret.py",
        "{tmp}/secret.py",
        "../other/data_loaders/e.py",
        "{tmp}/shop/../secret.py",
        "a\0b",
        "..\\secret.py",
    ],
)
def test_a_block_is_never_outside(path: str, tmp_path: Path) -> None:
    root = _project(tmp_path)
    configuration = {"file_source": {"path": path.replace("{tmp}", str(tmp_path))}}
    result = find_block_file(open_project(root), "a", BlockType.DATA_LOADER, Language.PYTHON, configuration)
    assert (result.path, result.outside) == (None, True)


def test_a_uuid_never_leads_outside(tmp_path: Path) -> None:
    root = _project(tmp_path)
    for uuid in ("../../secret", "/etc/hosts", "../data_loaders/a"):
        result = find_block_file(open_project(root), uuid, BlockType.DATA_LOADER, Language.PYTHON, {})
        assert (result.path, result.outside) == (None, True)


def test_a_link_to_the_pipelines_themselves_lists_none_twice(tmp_path: Path) -> None:
    root = _project(tmp_path)
    (root / "pipelines/orders").mkdir()
    (root / "pipelines/orders/metadata.yaml").touch()
    (root / "pipelines/again").symlink_to(".")
    assert open_project(root).pipeline_uuids() == ["orders"]


def test_what_stands_in_place_of_a_blocks_file_is_told(tmp_path: Path) -> None:
    root = _project(tmp_path)
    (root / "pipelines/p").mkdir()
    blocks = "".join(f"- {{uuid: {name}, type: data_loader, language: python}}\n" for name in ("api", "gone", "fifo"))
    (root / "pipelines/p/metadata.yaml").write_text(f"type: python\nblocks:\n{blocks}")
    (root / "data_loaders/api.py").mkdir()
    (root / "data_loaders/gone.py").symlink_to("nowhere")
    os.mkfifo(root / "data_loaders/fifo.py")
    found = [each.message for each in check_project(open_project(root)) if each.code == "PS014"]
    assert found == [
        "block api: its file is missing: data_loaders/api.py is a folder",
        "block gone: its file is missing: data_loaders/gone.py is a link that leads nowhere",
        "block fifo: its file is missing: data_loaders/fifo.py is not a regular file",
    ]
    hints = [each.hint for each in check_project(open_project(root)) if each.code == "PS014"]
    assert hints[0] == (
        "Move what is at data_loaders/api.py away and put the block's file in its place, or remove the block from the "
        "pipeline."
    )


@pytest.mark.parametrize("uuid", ["p/", "p//", "in//p", "in/p/"])
def test_a_pipeline_has_one_name(tmp_path: Path, uuid: str) -> None:
    for folder in ("p", "in/p"):
        (tmp_path / "pipelines" / folder).mkdir(parents=True)
        (tmp_path / "pipelines" / folder / "metadata.yaml").write_text("blocks: []\n")
    project = open_project(tmp_path)
    assert [project.read(found).pipeline.uuid for found in project.pipeline_uuids()] == ["in/p", "p"]
    with pytest.raises(PipelineNotFoundError):
        project.read(uuid)
