"""Where the files of a project are: folders, names, and the file of each block."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Protocol

from penstock.model.block import EXTENSIONS, FOLDERS, BlockType, Language
from penstock.project.text_file import is_file, is_text_name

METADATA = "metadata.yaml"
PIPELINES = "pipelines"
TRIGGERS = "triggers.yaml"
IO_CONFIG = "io_config.yaml"
DEEPEST_FOLDER = 6
"""Levels below `pipelines/` in which pipelines are looked for."""

_OTHER_FOLDERS: Mapping[BlockType, tuple[str, ...]] = {BlockType.DBT: ("dbts",)}
_OTHER_EXTENSIONS: Mapping[Language, tuple[str, ...]] = {Language.YAML: ("yml",), Language.R: ("R",)}


class ProjectPlace(Protocol):
    """What the files of a project are found by."""

    @property
    def root(self) -> Path:
        """The project's folder, absolute."""

    @property
    def name(self) -> str:
        """The name of that folder, under which block code imports from the project."""


@dataclass(frozen=True, slots=True)
class BlockFile:
    """Where the code of a block is.

    `path` is None when it is nowhere; then `expected` is where it should be. `named` is the path that the pipeline
    file gives, when it was not found there. `outside` tells that the named path leaves the project.
    """

    path: Path | None
    expected: Path
    named: str = ""
    outside: bool = False


def clean_name(text: str) -> str:
    """A name as it is used for files and uuids: lower case, words joined by `_`; `/` stays."""
    cleaned = re.sub(r"[\s\-.]+", "_", text.strip().lower())
    return "/".join(re.sub(r"[^\w]", "", part).strip("_") or "_" for part in cleaned.split("/") if part)


def pipeline_folders(root: Path) -> Iterator[tuple[str, Path]]:
    """The uuid and folder of each pipeline, sorted by uuid. Folders of folders count; loops of links do not hurt."""
    top = root / PIPELINES
    try:
        state = top.stat()
    except OSError:
        return
    yield from sorted(_pipelines_below(top, "", {(state.st_dev, state.st_ino)}))


def _pipelines_below(folder: Path, prefix: str, seen: set[tuple[int, int]]) -> Iterator[tuple[str, Path]]:
    if prefix.count("/") >= DEEPEST_FOLDER:
        return
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith((".", "__pycache__")) or not is_text_name(entry.name) or not _is_folder(entry):
            continue
        if os.path.lexists(os.path.join(entry.path, METADATA)):  # noqa: PTH118 - a thousand times per listing
            yield prefix + entry.name, Path(entry.path)
            continue
        if entry.is_symlink():
            state = entry.stat()
            if (state.st_dev, state.st_ino) in seen:
                continue
            seen.add((state.st_dev, state.st_ino))
        yield from _pipelines_below(Path(entry.path), f"{prefix}{entry.name}/", seen)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def pipeline_folder(root: Path, uuid: str) -> Path | None:
    """The folder of a pipeline, whether it exists or not; None for a uuid that would leave the project.

    None as well for `p/` and `a//p`, which the file system takes for `p` and `a/p`: outputs would have two addresses.
    """
    if not is_inside(uuid) or not all(uuid.split("/")):
        return None
    return root / PIPELINES / uuid


def is_inside(path: str) -> bool:
    """Whether a relative path stays below the folder it starts at, by its text alone."""
    if not path or "\0" in path or "\\" in path or is_absolute(path):
        return False
    return all(part not in {"..", "."} for part in path.split("/"))


def is_absolute(path: str) -> bool:
    """Whether a path is absolute on this or another operating system."""
    return path.startswith(("/", "~", "\\")) or bool(re.match(r"[A-Za-z]:[\\/]", path))


def find_block_file(
    place: ProjectPlace, uuid: str, kind: BlockType, language: Language, configuration: Mapping[str, Any]
) -> BlockFile:
    """The file of a block: `file_source.path`, then `file_path`, then `<folder>/<uuid>.<extension>`.

    A path that is not found as it stands is looked for by its tail inside the project.
    """
    default = _default_files(place.root, uuid, kind, language)
    named = ""
    for text in _named_paths(configuration):
        found, outside = _find_named(place, text)
        if outside:
            return BlockFile(None, default[0] if default else place.root, text, outside=True)
        if found is not None:
            # Only a path that another machine left behind is worth telling: relative ones are found as they stand.
            return BlockFile(found, found, named or ("" if _as_it_stands(place, text) else text))
        named = named or text
    if not is_inside(uuid):
        return BlockFile(None, place.root, named or uuid, outside=True)
    if not default:
        return BlockFile(None, place.root, named)
    path = next((candidate for candidate in default if is_file(candidate)), None)
    return BlockFile(path, default[0], named)


def type_of_folder(place: ProjectPlace, uuid: str, configuration: Mapping[str, Any]) -> BlockType | None:
    """The type whose folder holds the block's file, or None."""
    by_folder = {folder: kind for kind, folder in FOLDERS.items()}
    for text in _named_paths(configuration):
        for part in text.replace("\\", "/").split("/")[:-1]:
            if part in by_folder:
                return by_folder[part]
    if is_inside(uuid):
        for folder, kind in by_folder.items():
            if any(is_file(place.root / folder / f"{uuid}.{extension}") for extension in EXTENSIONS.values()):
                return kind
    return None


def _named_paths(configuration: Mapping[str, Any]) -> list[str]:
    source = configuration.get("file_source")
    paths = [source.get("path") if isinstance(source, Mapping) else source, configuration.get("file_path")]
    return list(dict.fromkeys(path.strip() for path in paths if isinstance(path, str) and path.strip()))


def _bases(place: ProjectPlace) -> tuple[Path, ...]:
    return (place.root, place.root / FOLDERS[BlockType.DBT], place.root.parent)


def _as_it_stands(place: ProjectPlace, text: str) -> bool:
    if is_absolute(text):
        return is_file(Path(text))
    return any(is_file(base / text) for base in _bases(place))


def _find_named(place: ProjectPlace, text: str) -> tuple[Path | None, bool]:
    """The file that a path of the pipeline means, and whether the path leads out of the project."""
    parts = _parts(text)
    if "\0" in text:
        return None, True
    if is_absolute(text):
        path = Path(os.path.normpath(text))
        if path.is_relative_to(place.root):
            return (path if is_file(path) else None), False
        found = _by_tail(place.root, parts)
        return found, found is None and is_file(path)
    for base in _bases(place):
        path = Path(os.path.normpath(base / "/".join(parts)))
        if path.is_relative_to(place.root):
            if is_file(path):
                return path, False
        elif base == place.root or ".." in parts:
            return None, True
    return _by_tail(place.root, parts), False


def _parts(text: str) -> list[str]:
    pure = PureWindowsPath(text) if "\\" in text else PurePosixPath(text)
    return [part for part in pure.parts if part != pure.anchor]


def _by_tail(root: Path, parts: list[str]) -> Path | None:
    """The file in the project that ends like the path; at least its folder and its name must agree."""
    if ".." in parts:
        return None
    for start in range(1, len(parts) - 1):
        candidate = root.joinpath(*parts[start:])
        if is_file(candidate):
            return candidate
    return None


def _default_files(root: Path, uuid: str, kind: BlockType, language: Language) -> list[Path]:
    folder = FOLDERS.get(kind)
    extension = EXTENSIONS.get(language)
    if folder is None or extension is None:
        return []
    names = dict.fromkeys((uuid, clean_name(uuid)))
    extensions = (extension, *_OTHER_EXTENSIONS.get(language, ()))
    return [
        root / one / (name if name.endswith(f".{suffix}") else f"{name}.{suffix}")
        for one in (folder, *_OTHER_FOLDERS.get(kind, ()))
        for name in names
        for suffix in extensions
        if is_inside(name)
    ]
