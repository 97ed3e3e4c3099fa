"""Makes the import names of Mage resolve inside a worker, with no package of that name installed.

`mage_ai.a.b` is the file `sdk/mage_ai/a/b.py`, executed under the name it was imported by. A name that Penstock does
not have yet is an ImportError that says so.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from penstock.model.mage_names import ROOT

_FOLDER = Path(__file__).parent / ROOT


class MageNames(MetaPathFinder):
    """Finds `mage_ai` and everything below it in our own folder."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's file in `sdk/mage_ai`; None for every other name."""
        del path, target
        root, _, rest = fullname.partition(".")
        if root != ROOT:
            return None
        place = _FOLDER.joinpath(*rest.split(".")) if rest else _FOLDER
        if place.is_dir():
            init = place / "__init__.py"
            return spec_from_file_location(fullname, init, submodule_search_locations=[str(place)])
        file = place.with_suffix(".py")
        if file.is_file():
            return spec_from_file_location(fullname, file)
        raise ModuleNotFoundError(
            f"importing {fullname}: Penstock does not provide this module of Mage; "
            "docs/compatibility.md lists what it provides",
            name=fullname,
        )


def install() -> None:
    """Put the finder in front of all others, once per process."""
    if not any(isinstance(finder, MageNames) for finder in sys.meta_path):
        sys.meta_path.insert(0, MageNames())
