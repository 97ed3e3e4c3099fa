"""The settings of a project as a form, from their declarations, and back into its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field
from pathlib import Path
from typing import Any

from penstock.config import environment
from penstock.config.settings import ProjectSettings, declared_keys, read_settings
from penstock.model.errors import ConflictError, FileInvalidError, Location, SettingInvalidError
from penstock.project.layout import METADATA
from penstock.project.text_file import TextFile, create_text, read_text, write_text
from penstock.project.yaml_edit import copy_data, update
from penstock.project.yaml_text import parse_yaml
from penstock.server.projects.logo import find_logo
from penstock.server.projects.parts import Parts
from penstock.server.projects.plain import as_before, to_plain
from penstock.server.schema.project import EnvironmentDetail, SettingDetail, Settings

_KINDS = {
    "text": "text",
    "duration": "text",
    "size": "text",
    "flag": "boolean",
    "integer": "number",
    "number": "number",
    "map": "map",
    "flags": "map",
}
_FIXED = frozenset({"project_uuid", "project_type"})
"""Settings that are written once."""
USED = frozenset(
    {
        "variables_dir",
        "variables_retention_period",
        "run_retention_period",
        "run_retention_count",
        "concurrency_config",
        "retry_config.retries",
        "retry_config.delay",
        "retry_config.max_delay",
        "retry_config.exponential_backoff",
        "logging_config.level",
        "logging_config.retention_period",
        "logging_config.retention_size",
        "logo",
        "notification_config",
    }
)
"""Settings that this version acts on. Grows with it."""
_ELSEWHERE = frozenset({"notification_config"})
"""Settings that have a page of their own; their values, which hold keys and passwords, are not shown as a whole."""
_TITLES = {
    "variables_dir": "Data folder",
    "variables_retention_period": "Keep outputs for",
    "run_retention_period": "List ended runs for",
    "run_retention_count": "List so many runs",
    "notification_config": "Alerts",
    "concurrency_config": "Limits on what runs at once",
    "logging_config.level": "Least severe level",
    "logging_config.retention_period": "Keep logs for",
    "logging_config.retention_size": "Keep logs up to",
}
"""What settings are called whose key is not what one would call them."""


def show_settings(parts: Parts) -> Settings:
    """Every declared setting with its value; secrets only as set or not."""
    settings = parts.project().settings
    raw = settings.raw
    file = _read(parts.root / METADATA)
    shown = [_detail(key, item, settings, raw) for key, item in declared_keys()]
    variables = [
        EnvironmentDetail(variable.name, variable.description, set=_is_set(variable))
        for variable in environment.VARIABLES
    ]
    return Settings(shown, METADATA, file.revision if file else "", variables)


def change_settings(parts: Parts, changes: Mapping[str, Any], revision: str | None) -> None:
    """Write settings into the project's file; comments and unknown keys stay. None takes a setting out.

    Raises:
        SettingInvalidError: there is no such setting, or the value is none that it can have.
        PathRefusedError: the logo is to be a file outside of the project.
        ConflictError: the file is not of that revision.
        FileInvalidError, EditRefusedError, StorageError: as they say.
    """
    known = {key for key, _item in declared_keys()} - _FIXED
    for key in changes:
        if key not in known:
            why = "it is written once" if key in _FIXED else "there is none of that name"
            raise SettingInvalidError(
                f"changing the setting {key[:60]}: {why}", hint="docs/reference/settings.md lists all."
            )
    if isinstance(logo := changes.get("logo"), str | int | float) and (name := str(logo).strip()):
        find_logo(parts, name)
    with parts.lock:
        path = parts.root / METADATA
        file = _read(path)
        if revision is not None and revision != (file.revision if file else ""):
            raise ConflictError(
                f"changing settings: {METADATA} has changed since it was opened",
                hint="Look at the settings as they are now, and repeat the change.",
                location=Location(METADATA),
                details={"revision": file.revision if file else "", "content": file.text if file else None},
            )
        text = file.text if file else ""
        data = copy_data(parse_yaml(text, METADATA).data) or {}
        if not isinstance(data, dict):
            raise FileInvalidError(f"changing settings: {METADATA} holds no map", hint="Write keys and values.")
        before = {problem.path for problem in read_settings(data)[1]}
        for key, value in changes.items():
            _put(data, key.split("."), value)
        problems = [problem for problem in read_settings(data)[1] if problem.path not in before]
        if problems:
            raise SettingInvalidError(f"changing settings: {problems[0].message}", hint=problems[0].hint)
        new = update(text, data, METADATA)
        if file is None:
            create_text(path, new)
        else:
            parts.versions.keep(METADATA, file.text.encode("utf-8"))
            write_text(file, new)
        parts.tell([path])


def _detail(key: str, item: Field[Any], settings: ProjectSettings, raw: Mapping[str, Any]) -> SettingDetail:
    about = item.metadata
    node: Any = settings
    given: Any = raw
    for step in key.split("."):
        node = getattr(node, step)
        given = given.get(step) if isinstance(given, Mapping) else None
    default = item.default if item.default is not MISSING else {}
    secret = bool(about["secret"])
    choices = list(about["choices"])
    return SettingDetail(
        key=key,
        title=_TITLES.get(key) or key.rpartition(".")[2].replace("_", " ").capitalize(),
        description=about["description"],
        kind="choice" if choices else _KINDS[about["kind"]],
        value=None if secret or key in _ELSEWHERE else to_plain(node),
        default=to_plain(default),
        set=given is not None,
        choices=choices,
        secret=secret,
        used=key in USED,
    )


def _put(data: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        if not isinstance(data.get(step), dict):
            if value is None:
                return
            data[step] = {}
        data = data[step]
    if value is None:
        data.pop(steps[-1], None)
    else:
        data[steps[-1]] = as_before(data.get(steps[-1]), value)


def _read(path: Path) -> TextFile | None:
    return read_text(path) if path.exists() else None


def _is_set(variable: environment.Variable) -> bool:
    return any(bool((environment.lookup(name) or "").strip()) for name in (variable.name, *variable.aliases))
