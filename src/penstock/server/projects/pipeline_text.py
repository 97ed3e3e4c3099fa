"""A pipeline's file as text, for those who want to write it themselves."""

from __future__ import annotations

import os
from pathlib import Path

from penstock.model.errors import FileInvalidError, Location, PipelineNotFoundError
from penstock.project.check import check_pipeline
from penstock.project.layout import METADATA, PIPELINES, pipeline_folder
from penstock.project.reading_rules import FileUnreadable
from penstock.project.text_file import TextFile, read_text
from penstock.project.yaml_text import parse_yaml
from penstock.server.projects.contents import missing
from penstock.server.projects.index import check_size
from penstock.server.projects.parts import Parts
from penstock.server.schema.diagnostics import diagnostic_detail
from penstock.server.schema.pipelines import YamlFile


def show_yaml(parts: Parts, pipeline: str) -> YamlFile:
    """The text of a pipeline's file, and what is odd about it.

    Raises:
        PipelineNotFoundError: there is none.
        FileInvalidError: the file is no text.
    """
    path = _file(parts, pipeline)
    shown = f"{PIPELINES}/{pipeline}/{METADATA}"
    file = _read(path, shown)
    project = parts.project()
    try:
        found = check_pipeline(project, project.read(pipeline))
    except FileInvalidError as error:
        place = error.location or Location(shown)
        found = [FileUnreadable.found(error.message, hint=error.hint, location=place, pipeline=pipeline)]
    return YamlFile(shown, file.text, file.revision, [diagnostic_detail(each) for each in found])


def save_yaml(parts: Parts, pipeline: str, content: str, revision: str) -> None:
    """Save the text of a pipeline's file.

    Raises:
        FileInvalidError: the text is no YAML, while that of the file is.
        ConflictError, PipelineNotFoundError, StorageError: as they say.
    """
    path = _file(parts, pipeline)
    shown = f"{PIPELINES}/{pipeline}/{METADATA}"
    check_size(len(content), shown)
    try:
        _check_map(parse_yaml(content, shown).data, shown)
    except FileInvalidError:
        if _is_yaml(path, shown):
            raise
    parts.contents.save(shown, content, revision)


def _file(parts: Parts, pipeline: str) -> Path:
    folder = pipeline_folder(parts.root, pipeline)
    if folder is None or not os.path.exists(folder / METADATA):  # noqa: PTH110 - Path.exists raises for long names
        raise PipelineNotFoundError(
            f"opening pipeline {pipeline[:100]}: the project has none of that name", hint="Look at the list."
        )
    return parts.resolver.resolve(f"{PIPELINES}/{pipeline}/{METADATA}").path


def _read(path: Path, shown: str) -> TextFile:
    try:
        return read_text(path)
    except FileInvalidError as error:
        cause = error.__cause__
        if isinstance(cause, OSError):
            raise missing(shown, cause) from error
        raise FileInvalidError(error.message.replace(str(path), shown), hint=error.hint) from error


def _check_map(data: object, shown: str) -> None:
    if data is not None and not isinstance(data, dict):
        raise FileInvalidError(
            f"saving {shown}: it holds no map", hint="Write keys and values.", location=Location(shown, 1)
        )


def _is_yaml(path: Path, shown: str) -> bool:
    try:
        parse_yaml(_read(path, shown).text, shown)
    except FileInvalidError:
        return False
    return True
