from __future__ import annotations

from pathlib import Path

import pytest

from penstock.model.errors import EditRefusedError, FileInvalidError
from penstock.project import check_project, open_project
from penstock.project.edit import set_pipeline_key
from penstock.project.text_file import read_text, write_text
from penstock.project.yaml_edit import delete_value, same, set_value, update
from penstock.project.yaml_text import parse_yaml
from tests.project.golden import NAMES, PROJECTS, copy, crlf

FILES = sorted(PROJECTS.rglob("*.yaml"))


def _name(path: Path) -> str:
    return path.relative_to(PROJECTS).as_posix()


@pytest.mark.parametrize("windows", [False, True], ids=["lf", "crlf and bom"])
@pytest.mark.parametrize("name", NAMES)
def test_load_and_save_is_byte_identical(name: str, *, windows: bool, tmp_path: Path) -> None:
    root = copy(name, tmp_path)
    if windows:
        crlf(root)
    before = {path: (path.read_bytes(), path.stat().st_ino) for path in root.rglob("*") if path.is_file()}
    project = open_project(root)
    check_project(project)
    for path in root.rglob("*.yaml"):
        file = read_text(path)
        try:
            write_text(file, update(file.text, parse_yaml(file.text).data))
        except FileInvalidError:
            continue
    assert {path: (path.read_bytes(), path.stat().st_ino) for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("path", FILES, ids=_name)
def test_a_key_set_and_deleted_again_leaves_the_same_bytes(path: Path, newline: str) -> None:
    text = path.read_text(encoding="utf-8").replace("\n", newline)
    try:
        data = parse_yaml(text).data
    except FileInvalidError:
        return
    if not isinstance(data, dict):
        return
    changed = set_value(text, ["zz_added"], {"list": ["a", {"b": None}], "text": "two\nlines\n"})
    assert same(parse_yaml(changed).data, {**data, "zz_added": {"list": ["a", {"b": None}], "text": "two\nlines\n"}})
    assert set(text.splitlines()) <= set(changed.splitlines())
    assert "\r\n" in changed if newline == "\r\n" else "\r" not in changed
    assert delete_value(changed, ["zz_added"]) == text


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_every_scalar_can_be_changed_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    try:
        data = parse_yaml(text).data
    except FileInvalidError:
        return
    for steps in _scalars(data, ()):
        try:
            changed = set_value(text, steps, "changed by the test")
        except EditRefusedError as error:
            raise AssertionError(steps) from error
        old, new = text.splitlines(), changed.splitlines()
        assert len([line for line in new if line not in old]) <= 1
        assert _count_comments(changed) == _count_comments(text)


def test_an_edit_keeps_the_line_endings_and_the_byte_order_mark(tmp_path: Path) -> None:
    project = open_project(crlf(copy("good", tmp_path)))
    file = set_pipeline_key(project, "orders", ("description",), "changed")
    data = file.path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf#")
    assert data.count(b"\r\n") == data.count(b"\n")
    assert project.pipeline("orders").description == "changed"


def test_a_good_project_has_no_findings_but_what_runs_differently(tmp_path: Path) -> None:
    found = check_project(open_project(PROJECTS / "good"))
    assert {finding.code for finding in found} <= {"PS024", "PS035", "PS036"}
    for root in (PROJECTS / "Über uns 项目", crlf(copy("Über uns 项目", tmp_path))):
        assert check_project(open_project(root)) == []


def _scalars(data: object, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    if isinstance(data, dict):
        return [steps for key, item in data.items() if isinstance(key, str) for steps in _scalars(item, (*path, key))]
    if isinstance(data, list):
        return [steps for index, item in enumerate(data) for steps in _scalars(item, (*path, index))]
    return [path] if path else []


def _count_comments(text: str) -> int:
    return sum(line.count("# ") for line in text.splitlines())
