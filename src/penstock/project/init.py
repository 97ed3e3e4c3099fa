"""Creates projects."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

from penstock.config import environment
from penstock.model.errors import EditRefusedError, FileInvalidError, SettingInvalidError, StorageError
from penstock.project import new_project
from penstock.project.layout import METADATA
from penstock.project.load import Project
from penstock.project.places import marked_uuid
from penstock.project.text_file import create_text, read_text, write_text
from penstock.project.yaml_edit import copy_data, set_value, update
from penstock.project.yaml_text import parse_yaml

_WRITTEN = re.compile(r"""^["']?project_uuid["']?\s*:[ \t]*[^\s#]""", re.MULTILINE)
"""An id in the text of a file, also as a template."""
TYPES = ("standalone", "main", "sub")


def create_project(
    path: str | Path,
    project_type: str | None = None,
    cluster_type: str | None = None,
    project_uuid: str | None = None,
) -> Path:
    """Make a project with all its folders and an example pipeline; all of it or nothing.

    Args:
        path: its folder, which must not exist or be empty.
        project_type: standalone, main (only settings) or sub; by default that of the environment, else standalone.
        cluster_type: where a main project creates workspaces; by default that of the environment.
        project_uuid: its id; by default that of the environment, else random.

    Returns:
        The folder, absolute.

    Raises:
        EditRefusedError: the folder is there and not empty.
        SettingInvalidError: the project type, or INITIAL_METADATA, is not valid.
        StorageError: the file system refuses.
    """
    kind = project_type or environment.text("PROJECT_TYPE") or TYPES[0]
    if kind not in TYPES:
        raise SettingInvalidError(
            f"creating project {path}: the type {kind!r} is not one of {', '.join(TYPES)}", hint="Choose one of them."
        )
    root = Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111 - links keep their names
    _check_free(root)
    settings: dict[str, Any] = {"project_type": kind}
    cluster = cluster_type or environment.text("CLUSTER_TYPE")
    if cluster:
        settings["cluster_type"] = cluster
    settings["project_uuid"] = project_uuid or environment.text("PROJECT_UUID") or secrets.token_hex(16)
    files = {} if kind == "main" else dict(new_project.FILES)
    folders = () if kind == "main" else new_project.FOLDERS
    files |= {"__init__.py": "", METADATA: _metadata(settings)}
    files |= {f"{folder}/__init__.py": "" for folder in folders}
    _write_all(root, files)
    return root


def ensure_project_uuid(project: Project) -> str:
    """The id of a project; written into its metadata.yaml, comments kept, when it has none.

    Its data folder stays the same: that is marked by the project's path before. "" when the file leaves the id to a
    template that gives none now.

    Raises:
        EditRefusedError: the file cannot be changed without damage, or has changed meanwhile.
        StorageError: the file system refuses.
    """
    if project.settings.project_uuid:
        return project.settings.project_uuid
    # A file that is put back as it was, such as by a new container, gets the id again that its data is marked with.
    uuid = marked_uuid(project.data_dir()) or secrets.token_hex(16)
    path = project.root / METADATA
    if not path.exists():
        create_text(path, f"project_type: standalone\nproject_uuid: {uuid}\n")
        return uuid
    file = read_text(path)
    if _WRITTEN.search(file.text):
        return ""
    try:
        text = set_value(file.text, ["project_uuid"], uuid, METADATA)
    except FileInvalidError:
        # Templates outside of quotes are no YAML until they are rendered; a line at the end does no harm.
        if "\nproject_uuid:" in file.text:
            raise
        gap = "" if file.text.endswith("\n") else file.newline
        text = f"{file.text}{gap}project_uuid: {uuid}{file.newline}"
    write_text(file, text)
    return uuid


def _check_free(root: Path) -> None:
    if not os.path.lexists(root):
        return
    if not root.is_dir():
        raise EditRefusedError(f"creating project {root}: a file of that name is there", hint="Choose another name.")
    try:
        occupied = any(root.iterdir())
    except OSError as error:
        raise StorageError(
            f"creating project {root}: {error.strerror}", hint="Check the folder's permissions."
        ) from error
    if occupied:
        raise EditRefusedError(
            f"creating project {root}: the folder is not empty", hint="Choose another name, or empty the folder."
        )


def _metadata(settings: dict[str, Any]) -> str:
    text = new_project.METADATA
    data = copy_data(parse_yaml(text).data)
    data.update(settings)
    return update(text, _merged(data, environment.read("INITIAL_METADATA")), "INITIAL_METADATA")


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """The settings of `over` on top of `base`, map by map."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def _write_all(root: Path, files: dict[str, str]) -> None:
    """Write the files beside the project's folder, then put the folder in its place."""
    aside = root.with_name(f".{root.name}.{secrets.token_hex(4)}.new")
    try:
        for name, text in files.items():
            target = aside / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
        if root.is_dir() and not root.is_symlink():
            _fill(root, aside)
        else:
            aside.rename(root)
    except OSError as error:
        raise StorageError(
            f"creating project {root}: {error.strerror or error}", hint="Choose a folder that can be written."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fill(root: Path, aside: Path) -> None:
    """Put everything into an empty folder that stays: it may be mounted, or somebody's working directory."""
    for entry in sorted(aside.iterdir(), key=lambda entry: entry.name == METADATA):
        entry.rename(root / entry.name)
