"""Pipeline variables of old projects: one file each under `.variables/global`, read when the pipeline file has none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from penstock.model.errors import FileInvalidError
from penstock.project.text_file import read_bytes

FOLDER = Path(".variables") / "global"


def read_legacy_variables(pipeline: str, folder: Path, data_dirs: Iterable[Path]) -> Mapping[str, Any]:
    """The variables by name; {} when there are none.

    Args:
        pipeline: the pipeline's uuid.
        folder: its folder in the project.
        data_dirs: the data folders of the project; the first place that has variables counts.
    """
    places = [folder / FOLDER, *(base / "pipelines" / pipeline / FOLDER for base in data_dirs)]
    for place in places:
        found = _read_folder(place)
        if found:
            return found
    return {}


def _read_folder(folder: Path) -> dict[str, Any]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return {}
    values: dict[str, Any] = {}
    for entry in entries:
        file = entry / "data.json" if entry.is_dir() else entry
        if file.suffix != ".json" or entry.name.startswith("."):
            continue
        try:
            values[entry.name.removesuffix(".json")] = json.loads(read_bytes(file))
        except (FileInvalidError, ValueError, RecursionError):
            continue
    return values
