"""Tests mirror the source, so that it is plain where the tests of a module are."""

from __future__ import annotations

from tests.architecture.source_tree import PACKAGE, ROOT

OTHER = {"architecture", "contract", "journeys", "walks", "projects", "tools"}
"""Folders of tests that belong to no single package."""


def test_every_package_has_tests() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    tested = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    assert packages - tested == set()


def test_every_folder_of_tests_is_a_package_or_a_kind_of_its_own() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.rglob("test_*.py"))}
    assert folders - OTHER - {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set()
