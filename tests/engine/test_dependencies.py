"""What code imports, and which installed versions that means."""

from __future__ import annotations

import platform
from importlib import metadata

from penstock.engine.dependencies import environment, imported_modules, is_installed

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
