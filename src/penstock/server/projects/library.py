"""The block files of a project, used or not, for reuse in other pipelines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from penstock.model.block import EXTENSIONS, FOLDERS, BlockType, Language
from penstock.project.text_file import is_text_name
from penstock.server.projects.parts import Parts
from penstock.server.schema.blocks import Library, LibraryBlock

MOST = 20_000
_LANGUAGES = {extension: language for language, extension in EXTENSIONS.items()}
_OF_TYPE = {BlockType.MARKDOWN: {Language.MARKDOWN}}


def library(parts: Parts) -> Library:
    """All block files, by path; files that begin with `_` or `.` are none."""
    parts.index.entries()
    found: list[LibraryBlock] = []
    for kind, folder in FOLDERS.items():
        if kind is BlockType.DBT:
            continue
        for path in _files(parts.root / folder):
            language = _LANGUAGES.get(path.suffix.lstrip("."))
            if language is None or language not in _OF_TYPE.get(kind, set(Language)):
                continue
            relative = parts.relative(path)
            name = relative.removeprefix(f"{folder}/").rpartition(".")[0]
            used = parts.index.pipelines_using(relative)
            found.append(LibraryBlock(relative, name, kind.value, language.value, used))
            if len(found) >= MOST:
                return Library(found)
    return Library(found)


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if is_text_name(name) and not name.startswith((".", "__")))
        for name in sorted(names):
            if is_text_name(name) and not name.startswith((".", "__")):
                yield Path(parent) / name
