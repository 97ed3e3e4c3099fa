"""Packs a pipeline with its block files into a zip, and unpacks one without trusting a word of it."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from penstock.model.block import EXTENSIONS, FOLDERS
from penstock.model.errors import FileInvalidError, PathRefusedError, PenstockError
from penstock.project.entries import entries
from penstock.project.layout import METADATA, PIPELINES, TRIGGERS, clean_name
from penstock.project.load import Project
from penstock.project.text_file import create_text, read_bytes
from penstock.project.yaml_edit import copy_data, update
from penstock.project.yaml_text import parse_yaml
from penstock.server.projects import block_names as names
from penstock.server.projects.index import check_size
from penstock.server.projects.parts import Parts, every_block
from penstock.server.projects.pipelines import Pipelines
from penstock.server.projects.resolver import Resolver

MOST_ENTRIES = 5000
MOST_BYTES = 64 * 1024 * 1024
"""Bytes that all files of an archive may come to, unpacked."""
LARGEST_FILE = 20 * 1024 * 1024
_OWN_FILES = (METADATA, TRIGGERS, "interactions.yaml", "data_integration_catalog.json")
_CHUNK = 1 << 16


def pack(resolver: Resolver, project: Project, pipeline: str, target: IO[bytes], *, keep_folders: bool) -> None:
    """Write a pipeline's folder and the files of its blocks as a zip.

    Args:
        resolver: tells which files are of the project; no other is packed.
        project: the project.
        pipeline: the pipeline's uuid.
        target: an open file.
        keep_folders: with paths as in the project; otherwise all files side by side.

    Raises:
        PipelineNotFoundError, FileInvalidError: as they say.
    """
    resolver.resolve(f"{PIPELINES}/{pipeline}/{METADATA}")
    reading = project.read(pipeline)
    folder = Path(reading.pipeline.file).parent
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and resolver.relative(path) is not None and "__pycache__" not in path.parts:
            inside = path.relative_to(folder).as_posix()
            files[f"{PIPELINES}/{pipeline}/{inside}" if keep_folders else inside] = path
    for block in every_block(reading):
        if block.file is None:
            continue
        path = Path(block.file)
        if resolver.relative(path) is None:
            continue
        name = path.relative_to(project.root).as_posix()
        files.setdefault(name if keep_folders else _flat(name, files), path)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in dict.fromkeys(files.items()):
            archive.write(path, name)


@dataclass(frozen=True, slots=True)
class Importing:
    """Unpacks pipelines."""

    parts: Parts
    pipelines: Pipelines

    def unpack(self, source: IO[bytes], name: str = "") -> tuple[str, list[str]]:
        """Make a pipeline from a zip; its uuid, and what to tell.

        Block files that the project has with the same text are shared; where it has another file of that name, the
        new one gets a name of its own.

        Args:
            source: an open file.
            name: another name than the archive gives it.

        Raises:
            FileInvalidError: it is no zip, is too large, or holds no pipeline.
            PathRefusedError: a path in it leads out of it.
            EditRefusedError: the project has a pipeline of that name.
            StorageError: the disk refuses.
        """
        contents = _contents(source)
        home, text = _pipeline_file(contents)
        check_size(len(text), METADATA)
        document = parse_yaml(text, METADATA)
        if not isinstance(document.data, dict) or not isinstance(document.data.get("blocks", []), list):
            raise FileInvalidError("importing a pipeline: its metadata.yaml holds none", hint="Export it again.")
        data = copy_data(document.data)
        given = name.strip() or str(data.get("name") or data.get("uuid") or PurePosixPath(home).name or "imported")
        notes: list[str] = []
        made: list[Path] = []
        with self.parts.lock:
            uuid = self.pipelines.free_uuid("", given, f"importing pipeline {given[:60]}")
            data["name"], data["uuid"] = given, uuid
            try:
                for _section, _index, entry in entries(data):
                    notes += self._take_file(entry, contents, uuid, made)
                files = {METADATA: update(text, data, METADATA)}
                for other in _OWN_FILES[1:]:
                    if f"{home}{other}" in contents:
                        files[other] = _text(contents[f"{home}{other}"], other)
                self.pipelines.write(uuid, files)
            except (OSError, PenstockError):
                for path in made:
                    with suppress(OSError):
                        path.unlink()
                raise
            self.parts.tell(made)
        return uuid, notes

    def _take_file(
        self, entry: dict[str, Any], contents: Mapping[str, bytes], uuid: str, made: list[Path]
    ) -> list[str]:
        """Write the file of one block, when the archive has it; sentences about what is otherwise than expected."""
        kind = next((kind for kind in FOLDERS if kind.value == entry.get("type")), None)
        language = next((one for one in EXTENSIONS if one.value == (entry.get("language") or "python")), None)
        if kind is None or language is None or entry.get("replicated_block"):
            return []
        block = str(entry.get("uuid") or clean_name(str(entry.get("name") or "")))
        found = _block_file(entry, block, FOLDERS[kind], EXTENSIONS[language], contents)
        if found is None:
            return [f"The archive has no file for block {block}."]
        text = _text(contents[found], found)
        target = self.parts.root / _wanted_place(found, FOLDERS[kind], block, EXTENSIONS[language])
        self.parts.resolver.for_writing(self.parts.relative(target))
        notes: list[str] = []
        if target.exists() and read_bytes(target) != text.encode("utf-8"):
            stem, tail, number = target.stem, uuid.rpartition("/")[2], 2
            other = target.with_name(f"{stem}_{tail}{target.suffix}")
            while other.exists():
                other, number = target.with_name(f"{stem}_{tail}_{number}{target.suffix}"), number + 1
            notes.append(f"{self.parts.relative(target)} is another file here; block {block} has {other.name}.")
            target = other
        if not target.exists():
            create_text(target, text)
            made.append(target)
        entry.setdefault("uuid", block)
        names.points_to(self.parts.project(), entry, kind, language, target)
        return notes


def _contents(source: IO[bytes]) -> dict[str, bytes]:
    """The files of an archive in memory, none of them trusted: names checked, sizes counted while unpacking."""
    try:
        with zipfile.ZipFile(source) as archive:
            infos = archive.infolist()
            if len(infos) > MOST_ENTRIES:
                raise _too_much(f"it has more than {MOST_ENTRIES:,} entries")
            found: dict[str, bytes] = {}
            total = 0
            for info in infos:
                name = _checked_name(info)
                if name is None:
                    continue
                data = _unpacked(archive, info, MOST_BYTES - total)
                total += len(data)
                found[name] = data
            return found
    except (
        *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error),
        *(NotImplementedError, RuntimeError, EOFError, ValueError, OSError),
    ) as error:
        raise FileInvalidError(f"importing a pipeline: it is no zip that can be read ({error})", hint="") from error


def _checked_name(info: zipfile.ZipInfo) -> str | None:
    """The path of an entry; None for what is no file of a pipeline."""
    if info.is_dir():
        return None
    name = info.filename
    parts = name.split("/")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise FileInvalidError(
            f"importing a pipeline: {name[:80]!r} is compressed in another way than zips usually are",
            hint="Pack it with the usual compression (deflate).",
        )
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode) or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise PathRefusedError(f"importing a pipeline: {name[:80]!r} is a link", hint="Export it without links.")
    if "\\" in name or "\0" in name or name.startswith(("/", "~")) or any(part in {"", ".", ".."} for part in parts):
        raise PathRefusedError(f"importing a pipeline: {name[:80]!r} leads out of the archive", hint="Export it again.")
    if parts[0] == "__MACOSX" or any(part.casefold() == ".git" or part == "__pycache__" for part in parts):
        return None
    return name


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> bytes:
    data = bytearray()
    with archive.open(info) as file:
        while chunk := file.read(_CHUNK):
            data += chunk
            if len(data) > min(LARGEST_FILE, left):
                raise _too_much(f"{info.filename[:80]!r} unpacks to too much")
    return bytes(data)


def _too_much(what: str) -> FileInvalidError:
    return FileInvalidError(
        f"importing a pipeline: {what}",
        hint=f"Archives may hold {MOST_BYTES >> 20} MB of text, {LARGEST_FILE >> 20} MB a file.",
    )


def _pipeline_file(contents: Mapping[str, bytes]) -> tuple[str, str]:
    """The folder, with a slash, and the text of the pipeline's own file: the one nearest to the top."""
    found = sorted(
        (name for name in contents if PurePosixPath(name).name == METADATA), key=lambda name: name.count("/")
    )
    inside = [name for name in found if f"{PIPELINES}/" in name] or found
    if not inside:
        raise FileInvalidError("importing a pipeline: the archive holds no metadata.yaml", hint="Export a pipeline.")
    return inside[0][: -len(METADATA)], _text(contents[inside[0]], inside[0])


def _block_file(
    entry: Mapping[str, Any], block: str, folder: str, extension: str, contents: Mapping[str, bytes]
) -> str | None:
    """The archive's file for a block: by the path that the entry names, by its folder and uuid, or by its name."""
    configuration = entry.get("configuration") or {}
    source = configuration.get("file_source") if isinstance(configuration, Mapping) else None
    named = source.get("path") if isinstance(source, Mapping) else None
    last = block.rpartition("/")[2]
    wanted = [str(named)] if named else []
    wanted += [f"{folder}/{block}.{extension}", f"{block}.{extension}", f"{last}.{extension}"]
    for path in wanted:
        for name in contents:
            if name == path or name.endswith(f"/{path}"):
                return name
    base = PurePosixPath(str(named)).name if named else ""
    return next((name for name in contents if base and PurePosixPath(name).name == base), None)


def _wanted_place(found: str, folder: str, block: str, extension: str) -> str:
    """Where in the project the file of a block goes: as in the archive, when that has folders."""
    at = found.find(f"{folder}/")
    if at == 0 or (at > 0 and found[at - 1] == "/"):
        return found[at:]
    return f"{folder}/{block}.{extension}"


def _flat(name: str, taken: Mapping[str, Path]) -> str:
    base = PurePosixPath(name).name
    return base if base not in taken else name.replace("/", "__")


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileInvalidError(f"importing a pipeline: {name[:80]} is not UTF-8", hint="Save it as UTF-8.") from error
