"""Opens a project."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from penstock.config.diagnostics import Diagnostic
from penstock.config.secrets import SecretProvider, default_provider
from penstock.config.settings import ProjectSettings, read_settings
from penstock.config.templates import has_marks, project_functions, render
from penstock.model.errors import FileInvalidError, Location, PenstockError, PipelineNotFoundError, ProjectNotFoundError
from penstock.model.pipeline import Pipeline
from penstock.project.layout import METADATA, PIPELINES, pipeline_folder, pipeline_folders
from penstock.project.places import data_folder, logs_folder
from penstock.project.reader import PipelineReading, oddities, read_document, read_pipeline
from penstock.project.reading_rules import FileUnreadable, NoProjectFile, ProjectTemplate, SettingIgnored, WrongShape
from penstock.project.text_file import read_text
from penstock.project.values import name_of
from penstock.project.yaml_text import parse_yaml

OLD_DATA_DIR = "~/.mage_data"
"""Where Mage keeps the data of a project that names no folder; only ever read."""


@dataclass(frozen=True, slots=True)
class Project:
    """An open project. Pipelines are read anew on every call, so that a change to a file is always seen.

    `root` is absolute; `findings` tell what is odd about the project's own files.
    """

    root: Path
    name: str
    settings: ProjectSettings
    findings: tuple[Diagnostic, ...] = ()

    @property
    def unread(self) -> Diagnostic | None:
        """Why the project's own file counts as empty: it does not parse, or holds no map; None when it was read."""
        whole = (FileUnreadable.code, ProjectTemplate.code, WrongShape.code)
        return next((finding for finding in self.findings if finding.code in whole), None)

    def pipeline_uuids(self) -> list[str]:
        """The uuids of all pipelines, sorted; those in sub-folders contain `/`."""
        return [uuid for uuid, _ in pipeline_folders(self.root)]

    def pipeline(self, uuid: str) -> Pipeline:
        """The pipeline of that uuid; raises as `read`."""
        return self.read(uuid).pipeline

    def read(self, uuid: str) -> PipelineReading:
        """The pipeline of that uuid, with its text and what is odd about it.

        Raises:
            PipelineNotFoundError: there is none; close names are in the hint.
            FileInvalidError: its file cannot be read.
        """
        folder = pipeline_folder(self.root, uuid)
        if folder is None or not os.path.lexists(folder / METADATA):
            raise self._not_found(uuid)
        return read_pipeline(self, uuid, folder, self._data_dirs())

    def data_dir(self) -> Path:
        """The project's data folder, absolute; made, where that is allowed. Raises SettingInvalidError."""
        return self._data_dir(make=True)

    def _data_dir(self, *, make: bool) -> Path:
        settings = self.settings
        return data_folder(self.root, self.name, settings.project_uuid, settings.variables_dir, make=make)

    def store_root(self) -> Path:
        """The folder of the data products."""
        return self.data_dir() / "products"

    def logs_root(self) -> Path:
        """The folder of the logs."""
        return logs_folder(self.data_dir(), self.root, self.name)

    def _data_dirs(self) -> Iterable[Path]:
        yield self._data_dir(make=False)
        yield Path(os.path.expanduser(OLD_DATA_DIR)) / self.name  # noqa: PTH111 - Path.expanduser raises without home

    def _not_found(self, uuid: str) -> PipelineNotFoundError:
        from difflib import get_close_matches

        known = self.pipeline_uuids()
        close = get_close_matches(uuid, known, n=3) or [name for name in known if name.rpartition("/")[2] == uuid]
        if close:
            hint = f"Did you mean {', '.join(close)}?"
        elif known:
            hint = f"It has {', '.join(known[:8])}{' and more' if len(known) > 8 else ''}."  # noqa: PLR2004 - a line
        else:
            hint = f"It has no pipelines yet: {self.root / PIPELINES} is empty."
        return PipelineNotFoundError(
            f"opening pipeline {uuid[:100]}: project {self.name} has none of that name", hint=hint
        )


def open_project(path: str | Path, *, secrets: SecretProvider | None = None) -> Project:
    """Open the project in a folder.

    Args:
        path: a folder with metadata.yaml or with pipelines/; relative to the working directory.
        secrets: asked by templates in metadata.yaml; the environment by default.

    Raises:
        ProjectNotFoundError: there is no such folder, or it holds no project.
    """
    root = _project_root(path)
    findings: list[Diagnostic] = []
    file = root / METADATA
    data: object = None
    if os.path.lexists(file):
        data = _read_metadata(file, secrets, findings)
    else:
        findings.append(
            NoProjectFile.found(
                f"project {root.name}: it has no {METADATA}; default settings are used",
                hint=f"Create {METADATA} with project_type: standalone.",
                location=Location(METADATA),
            )
        )
    if data is not None and not isinstance(data, dict):
        message = f"project {root.name}: {METADATA} holds {name_of(data)} where a map belongs"
        findings.append(WrongShape.found(message, hint="Write keys and values.", location=Location(METADATA, 1)))
    settings, problems = read_settings(data if isinstance(data, dict) else {})
    hold = f"project {root.name}: "
    findings += [
        SettingIgnored.found(hold + problem.message, hint=problem.hint, location=setting_place(file, problem.path))
        for problem in problems
    ]
    return Project(root, root.name, settings, tuple(findings))


def setting_place(file: Path, steps: tuple[str, ...]) -> Location:
    """Where a setting stands in a project's file as it is written, templates not rendered."""
    try:
        return read_document(file, file.parent)[1].locate(steps)
    except FileInvalidError:
        return Location(METADATA)


def _read_metadata(file: Path, secrets: SecretProvider | None, findings: list[Diagnostic]) -> object:
    """The data of the project's own file; None, with a finding, when it cannot be had."""
    try:
        text = read_text(file).text
        if has_marks(text):
            text = render(
                text, {}, functions=project_functions(secrets or default_provider()), strict=False, file=METADATA
            )
        document = parse_yaml(text, METADATA)
    except FileInvalidError as error:
        place = error.location if error.location and error.location.file == METADATA else Location(METADATA)
        findings.append(FileUnreadable.found(error.message, hint=error.hint, location=place))
        return None
    except PenstockError as error:
        place = error.location or Location(METADATA)
        findings.append(ProjectTemplate.found(error.message, hint=error.hint, location=place))
        return None
    findings += oddities(document)
    return document.data


def _project_root(path: str | Path) -> Path:
    text = os.path.expanduser(str(path) or ".")  # noqa: PTH111 - Path.expanduser raises where there is no home
    if "\0" in text:
        raise ProjectNotFoundError("opening a project: the path holds a NUL character", hint="Correct the path.")
    try:
        root = Path(os.path.abspath(text))  # noqa: PTH100 - a linked folder keeps its name, which blocks import by
    except FileNotFoundError:
        raise ProjectNotFoundError(
            "opening a project: the folder that this command was started in is gone", hint="Change to another folder."
        ) from None
    if not root.is_dir():
        raise _no_folder(root)
    if (root / METADATA).is_file() and root.parent.name == PIPELINES and not (root / PIPELINES).is_dir():
        raise ProjectNotFoundError(
            f"opening project {root}: this is the pipeline {root.name} of a project",
            hint=f"Open the project {root.parent.parent}.",
        )
    if os.path.lexists(root / METADATA) or (root / PIPELINES).is_dir():
        return root
    inside = _projects_below(root)
    hint = (
        f"Projects in it: {', '.join(inside[:5])}. Open one of them."
        if inside
        else "Name a folder with metadata.yaml in it, or make a project: penstock init."
    )
    raise ProjectNotFoundError(f"opening project {root}: the folder holds no {METADATA} and no {PIPELINES}/", hint=hint)


def _no_folder(root: Path) -> ProjectNotFoundError:
    if root.exists():
        hint = f"Open its folder {root.parent}." if root.name == METADATA else "Name a folder."
        return ProjectNotFoundError(f"opening project {root}: it is a file", hint=hint)
    return ProjectNotFoundError(
        f"opening project {root}: there is no such folder", hint="Check the path, or make a project: penstock init."
    )


def _projects_below(folder: Path, depth: int = 4) -> list[str]:
    """Names of the projects in a folder, relative to it, at most a few."""
    found: list[str] = []
    pending = [(folder, depth)]
    while pending and len(found) < 6:  # noqa: PLR2004 - as many as a hint can name
        current, levels = pending.pop(0)
        try:
            children = sorted(child for child in current.iterdir() if child.is_dir() and not child.is_symlink())
        except OSError:
            continue
        for child in children[:200]:
            if child.name.startswith(".") or child.name in {"node_modules", "__pycache__"}:
                continue
            if (child / PIPELINES).is_dir():
                found.append(child.relative_to(folder).as_posix())
            elif levels > 1:
                pending.append((child, levels - 1))
    return found
