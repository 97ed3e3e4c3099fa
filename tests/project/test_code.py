from __future__ import annotations

from pathlib import Path

import pytest

from penstock.model.errors import FileInvalidError
from penstock.project import open_project
from penstock.project.code import project_imports, read_source, scan, third_party
from tests.project.golden import PROJECTS

SOURCE = """
import os, pandas as pd
from sklearn.linear_model import Ridge
try:
    import polars
except ImportError:
    import fallback
if "data_loader" not in globals():
    from mage_ai.data_preparation.decorators import data_loader

@data_loader
def load(a, b=1, *args, c, **kwargs):
    import late

@penstock.test
def check(output): ...

@streaming_source
class Source: ...

@custom()
async def later(a, /, b): ...
"""


def test_scan_finds_imports_and_functions() -> None:
    facts = scan(SOURCE)
    assert facts.error == ""
    imports = {imported.module: (imported.optional, imported.top_level) for imported in facts.imports}
    assert imports == {
        "os": (False, True),
        "pandas": (False, True),
        "sklearn.linear_model": (False, True),
        "polars": (True, True),
        "fallback": (True, True),
        "mage_ai.data_preparation.decorators": (True, True),
        "late": (False, False),
    }
    load, check, source, later = facts.functions
    assert (load.decorator, load.name, load.line) == ("data_loader", "load", 12)
    assert (load.arguments.positional, load.arguments.optional) == (("a", "b"), 1)
    assert load.arguments.varargs
    assert load.arguments.kwargs
    assert (check.decorator, source.is_class) == ("test", True)
    assert (later.decorator, later.arguments.positional) == ("custom", ("a", "b"))


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("a = (\n", 1, 5),
        ("x = 1\n# Notes\n- a list\nhello world\n", 3, 5),
        ("def f(:\n  pass", 1, 7),
        ("  x = 1", 1, 1),
        ("\0", 1, 1),
    ],
)
def test_a_syntax_error_has_a_place(source: str, line: int, column: int) -> None:
    facts = scan(source)
    assert facts.error
    assert facts.line == line
    assert facts.column > 0
    assert facts.imports == ()


@pytest.mark.parametrize(
    "source", ["(" * 5000, "-" * 200_000 + "1", "a" + ".b" * 100_000, "x = [" + "1," * 100_000 + "]", "if x:\n" * 1]
)
def test_absurd_sources_do_not_break_the_scan(source: str) -> None:
    scan(source)


def test_imports_of_project_files_are_followed() -> None:
    root = PROJECTS / "good"
    found = project_imports(open_project(root), root / "data_loaders/load_orders.py")
    assert {path.relative_to(root).as_posix() for path in found} == {
        "utils/__init__.py",
        "utils/money.py",
        "utils/rounding.py",
    }


def test_third_party_modules_are_those_that_are_neither_standard_nor_the_projects() -> None:
    root = PROJECTS / "good"
    project = open_project(root)
    files = [
        root / "data_loaders/load_orders.py",
        root / "data_loaders/api/customers.py",
        root / "transformers/totals.sql",
        root / "gone.py",
    ]
    assert third_party(project, files) == ("numpy", "pandas", "requests")


def test_a_package_that_is_called_like_a_folder_of_blocks_is_third_party(tmp_path: Path) -> None:
    for name in ("pipelines", "transformers", "utils"):
        (tmp_path / name).mkdir()
    (tmp_path / "transformers/mine.py").write_text("import scipy")
    (tmp_path / "utils/x.py").write_text("")
    block = tmp_path / "block.py"
    block.write_text("from transformers import pipeline\nfrom utils import x\n")
    project = open_project(tmp_path)
    assert third_party(project, [block]) == ("transformers",)
    block.write_text("from transformers.mine import f\nfrom utils import nothing\n")
    assert third_party(project, [block]) == ("scipy",)


def test_relative_and_circular_imports(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "utils/deep").mkdir(parents=True)
    (tmp_path / "utils/a.py").write_text("from .deep import b\nfrom ...... import x\n")
    (tmp_path / "utils/deep/b.py").write_text("from .. import a\nfrom ..a import f\nimport utils.deep.b\n")
    project = open_project(tmp_path)
    found = project_imports(project, tmp_path / "utils/a.py")
    assert found == {tmp_path / "utils/deep/b.py"}


def test_sources_are_read_in_the_encoding_they_declare(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_bytes(b"# -*- coding: latin-1 -*-\nname = 'caf\xe9'\n")
    assert "café" in read_source(file)
    file.write_bytes(b"\xef\xbb\xbfx = 1\r\n")
    assert read_source(file) == "x = 1\n"
    for data in (b"name = 'caf\xe9'\n", b"# coding: no-such\n"):
        file.write_bytes(data)
        with pytest.raises(FileInvalidError):
            read_source(file)
    with pytest.raises(FileInvalidError):
        read_source(tmp_path)


def test_a_former_name_of_the_project_is_followed(tmp_path: Path) -> None:
    for name in ("pipelines", "utils"):
        (tmp_path / name).mkdir()
    (tmp_path / "utils/dates.py").write_text("import scipy\n")
    block = tmp_path / "block.py"
    block.write_text("from shop.utils.dates import f\nimport default_repo.shop.utils.dates\nfrom shop.other import g\n")
    project = open_project(tmp_path)
    assert project_imports(project, block) == {tmp_path / "utils/dates.py"}
    assert third_party(project, [block]) == ("scipy", "shop")
    (tmp_path / "utils/utils.py").write_text("")
    block.write_text("import pytest.utils\nfrom json.utils import dates\nfrom numpy.utils import dates\n")
    assert project_imports(project, block) == frozenset()
