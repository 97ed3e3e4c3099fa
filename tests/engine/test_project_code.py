"""Imports of project files in one process: fresh, by every name, and gone afterwards."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.engine.project_code import ProjectCode


@pytest.fixture
def code(tmp_path: Path) -> Iterator[ProjectCode]:
    project = tmp_path / "shop"
    (project / "lib").mkdir(parents=True)
    (project / "lib" / "prices.py").write_text("VALUE = 1\n")
    before = sys.dont_write_bytecode
    code = ProjectCode(str(project))
    code.install()
    yield code
    code.uninstall()
    sys.dont_write_bytecode = before


def test_every_name_and_the_digest_of_what_was_read(code: ProjectCode) -> None:
    file = Path(code.root) / "lib" / "prices.py"
    for name in ("shop.lib.prices", "default_repo.lib.prices", "lib.prices"):
        assert importlib.import_module(name).VALUE == 1
    assert code.digests == {str(file): hashlib.sha256(b"VALUE = 1\n").hexdigest()}


def test_forgetting_reads_again_what_changed(code: ProjectCode) -> None:
    assert importlib.import_module("shop.lib.prices").VALUE == 1
    (Path(code.root) / "lib" / "prices.py").write_text("VALUE = 2\n")
    (Path(code.root) / "lib" / "fresh.py").write_text("VALUE = 3\n")
    code.forget()
    assert importlib.import_module("shop.lib.prices").VALUE == 2
    assert importlib.import_module("shop.lib.fresh").VALUE == 3


def test_an_installed_package_goes_before_a_folder_of_the_project(code: ProjectCode) -> None:
    (Path(code.root) / "msgspec").mkdir()
    (Path(code.root) / "msgspec" / "__init__.py").write_text("")
    assert not str(importlib.import_module("msgspec").__file__).startswith(code.root)


def test_uninstalling_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    before = (list(sys.path), list(sys.meta_path), list(sys.path_hooks))
    code = ProjectCode(str(tmp_path / "p"))
    code.install()
    (tmp_path / "p" / "only_here.py").write_text("")
    importlib.import_module("only_here")
    code.uninstall()
    assert (list(sys.path), list(sys.meta_path), list(sys.path_hooks)) == before
    assert "only_here" not in sys.modules


def test_an_environment_inside_the_project_is_not_its_code(code: ProjectCode, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Path(code.root) / ".venv" / "lib" / "site-packages"
    site.mkdir(parents=True)
    (site / "bundled.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(site))
    importlib.import_module("bundled")
    code.forget()
    assert "bundled" in sys.modules
    assert not code.digests
    del sys.modules["bundled"]
