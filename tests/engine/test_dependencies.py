"""What code imports, and which installed versions that means."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

import pytest

from penstock.engine.dependencies import environment, imported_modules, is_installed, look_ahead
from penstock.engine.freshness import file_digest
from penstock.engine.needs import certain_needs
from penstock.model.messages import BlockOrder

SOURCE = b"""
from __future__ import annotations
import os, pandas as pd, sklearn.ensemble
import numpy.linalg as la  # comment
from matplotlib import pyplot
from . import sibling
from mage_ai.io.file import FileIO
from penstock import data_loader
if True:
    import polars
text = "from nothing"
"""


def test_imports_are_found_without_running_anything() -> None:
    assert imported_modules(SOURCE) == {"pandas", "sklearn.ensemble", "numpy.linalg", "matplotlib", "polars"}


def test_only_what_is_certain_to_run() -> None:
    assert imported_modules(SOURCE, top_level=True) == {"pandas", "sklearn.ensemble", "numpy.linalg", "matplotlib"}


def test_bytes_that_are_no_python() -> None:
    assert imported_modules(b"import \xff\xfe\nimport (\nimport\nfrom x\n") == set()


def test_versions_are_those_of_the_metadata() -> None:
    found = environment(["pandas", "sklearn", "yaml", "no_such_module", "msgspec"])
    assert found.pop("python") == platform.python_version()
    assert set(found) == {"pandas", "scikit-learn", "pyyaml", "msgspec"}
    assert found == {name: metadata.version(name) for name in found}


def test_what_is_installed() -> None:
    assert is_installed("pytest")
    assert not is_installed("sys")
    assert not is_installed("tests")
    assert not is_installed("never_loaded")


def _install(site: Path, module: str, version: str) -> None:
    """A distribution whose name says nothing of its module, as pip leaves it."""
    (site / module).mkdir(exist_ok=True)
    folder = site / f"dist_of_{module}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Name: dist-of-{module}\nVersion: {version}\n")
    (folder / "RECORD").write_text(f"{module}/__init__.py,,\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_what_is_installed_later_is_seen(site: Path) -> None:
    assert "dist-of-late" not in environment(["late"])
    os.utime(site, ns=(1, 1))
    _install(site, "late", "1.0")
    assert environment(["late"])["dist-of-late"] == "1.0"
    (site / "dist_of_late-1.0.dist-info").rename(site / "gone")
    _install(site, "late", "2.0")
    os.utime(site, ns=(2, 2))
    assert environment(["late"])["dist-of-late"] == "2.0"


def test_a_module_of_the_project_costs_no_search_through_all_that_is_installed(site: Path) -> None:
    _install(site, "something", "1.0")
    record = site / "dist_of_something-1.0.dist-info" / "RECORD"
    record.write_text("of_the_project/__init__.py,,\n")  # whoever searched would find it here
    assert set(environment(["of_the_project"])) == {"python"}


def test_what_was_looked_at_ahead_is_not_looked_at_again(site: Path) -> None:
    _install(site, "ahead", "1.0")
    look_ahead("ahead")
    (site / "dist_of_ahead-1.0.dist-info" / "METADATA").write_text("Version: 9.9\n")
    assert environment(["ahead"])["dist-of-ahead"] == "1.0"


def test_a_pipe_in_the_place_of_a_block_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "block.py"
    os.mkfifo(pipe)
    order = BlockOrder("b", "b", "data_loader", "python", str(pipe), None, (), {})
    assert certain_needs(order) == frozenset()
    assert file_digest(pipe) is None
