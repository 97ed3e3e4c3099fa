"""The templates that a project keeps: `custom_templates/blocks/<folder>/` and `custom_templates/pipelines/<folder>/`.

A folder holds `metadata.yaml` and, for a block, its code in a file of the folder's name. What cannot be read is left
out of the list: the check of the project tells about broken files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.config import environment
from penstock.model.block import EXTENSIONS, BlockType, Language
from penstock.model.errors import FileInvalidError, FileMissingError, SettingInvalidError
from penstock.project.layout import METADATA, clean_name, is_inside
from penstock.project.templates.template import Source, Template
from penstock.project.text_file import is_text_name, read_text
from penstock.project.yaml_text import parse_yaml

PREFIX = "project."
GROUP = "This project"
DEEPEST = 3
"""Levels of folders in which templates are looked for."""
_TYPES = {kind.value: kind for kind in BlockType if kind is not BlockType.UNKNOWN}
_LANGUAGES = {language.value: language for language in EXTENSIONS}


@dataclass(frozen=True, slots=True)
class OwnPipeline:
    """A pipeline that a project keeps as a template; `data` is what a new pipeline's file begins with."""

    folder: str
    name: str
    description: str
    tags: tuple[str, ...]
    data: Mapping[str, Any]


def block_folder() -> str:
    """Where the block templates lie, from the project's folder.

    Raises:
        SettingInvalidError: CUSTOM_TEMPLATES_DIRECTORY names no folder of the project.
    """
    return f"{_folder()}/blocks"


def pipeline_folder() -> str:
    """Where the pipeline templates lie. Raises as `block_folder`."""
    return f"{_folder()}/pipelines"


def _folder() -> str:
    name = environment.text("CUSTOM_TEMPLATES_DIRECTORY").rstrip("/")
    if not is_inside(name):
        raise SettingInvalidError(
            f"reading CUSTOM_TEMPLATES_DIRECTORY: {name[:80]!r} is no folder of the project",
            hint="Give the name of a folder in the project, such as custom_templates.",
        )
    return name


def own_templates(root: Path) -> list[Template]:
    """The block templates of a project, by folder."""
    return [found for folder in _folders(root / block_folder()) if (found := _read_block(root, folder)) is not None]


def own_template(root: Path, folder: str) -> Template:
    """The block template in a folder below `custom_templates/blocks`.

    Raises:
        FileMissingError: there is none that can be read.
    """
    found = _read_block(root, folder) if is_inside(folder) else None
    if found is None:
        raise _missing(folder)
    return found


def own_pipelines(root: Path) -> list[OwnPipeline]:
    """The pipeline templates of a project, by folder."""
    return [
        found for folder in _folders(root / pipeline_folder()) if (found := _read_pipeline(root, folder)) is not None
    ]


def own_pipeline(root: Path, folder: str) -> OwnPipeline:
    """The pipeline template in a folder below `custom_templates/pipelines`. Raises as `own_template`."""
    found = _read_pipeline(root, folder) if is_inside(folder) else None
    if found is None:
        raise _missing(folder)
    return found


def template_folder(name: str) -> str:
    """The folder of a template with that name; "" when nothing of the name can stand in a path."""
    return clean_name(name.replace("/", " ")).strip("_")


def _missing(folder: str) -> FileMissingError:
    return FileMissingError(
        f"looking for the template {folder[:80]!r}: the project has none of that name",
        hint="Choose one of the list of templates.",
    )


def _folders(place: Path, prefix: str = "", depth: int = DEEPEST) -> Iterator[str]:
    try:
        names = sorted(
            entry.name
            for entry in os.scandir(place)
            if entry.is_dir() and not entry.name.startswith(".") and is_text_name(entry.name)
        )
    except OSError:
        return
    for name in names:
        if (place / name / METADATA).is_file():
            yield prefix + name
        elif depth > 1:
            yield from _folders(place / name, f"{prefix}{name}/", depth - 1)


def _metadata(file: Path) -> dict[str, Any] | None:
    try:
        data = parse_yaml(read_text(file).text, str(file)).data
    except FileInvalidError:
        return None
    return data if isinstance(data, dict) else None


def _read_block(root: Path, folder: str) -> Template | None:
    data = _metadata(root / block_folder() / folder / METADATA)
    if data is None:
        return None
    kind = _TYPES.get(str(data.get("block_type")))
    language = _LANGUAGES.get(str(data.get("language") or Language.PYTHON.value))
    if kind is None or language is None:
        return None
    configuration = data.get("configuration")
    return Template(
        id=PREFIX + folder,
        name=str(data.get("name") or folder),
        block_type=kind,
        language=language,
        group=GROUP,
        description=str(data.get("description") or ""),
        file=f"{block_folder()}/{folder}/{folder.rpartition('/')[2]}.{EXTENSIONS[language]}",
        configuration=configuration if isinstance(configuration, dict) else {},
        source=Source.PROJECT,
        color=str(data["color"]) if data.get("color") else None,
        tags=_words(data.get("tags")),
    )


def _read_pipeline(root: Path, folder: str) -> OwnPipeline | None:
    data = _metadata(root / pipeline_folder() / folder / METADATA)
    if data is None or not isinstance(data.get("pipeline"), dict):
        return None
    return OwnPipeline(
        folder=folder,
        name=str(data.get("name") or folder),
        description=str(data.get("description") or ""),
        tags=_words(data.get("tags")),
        data=data["pipeline"],
    )


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(word) for word in value) if isinstance(value, list) else ()
