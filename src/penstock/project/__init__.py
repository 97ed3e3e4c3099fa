"""Files and model: reading, checking, editing and creating projects.

Everything that knows where a file of a project is, or how it is written, lives here. User code is never run or
imported, only parsed.
Start reading at `load` (opening), `reader` (pipelines), `yaml_edit` (changing a file) and `check`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.project.check import check_project
    from penstock.project.load import Project, open_project

__all__ = ["Project", "check_project", "open_project"]
_HOMES = {"Project": "load", "open_project": "load", "check_project": "check"}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'penstock.project' has no attribute {name!r}")
    return getattr(import_module(f"penstock.project.{home}"), name)
