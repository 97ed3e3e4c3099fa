"""The alert settings of a project as its files say now, read again only when a file has changed. Safe in any thread."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from penstock.config import environment
from penstock.config.masking import SHORTEST
from penstock.config.secrets import SecretProvider, default_provider
from penstock.config.templates import project_functions, render
from penstock.model.errors import PenstockError
from penstock.observe.alerts.settings import AlertSettings, read_alert_settings
from penstock.project import open_project
from penstock.project.layout import METADATA, pipeline_folder
from penstock.project.reader import read_document

_SECRET_NAME = re.compile(r"(?i)(pass(word|wd)?|secret|token|api_?key|access_?key|private_?key|credentials?)")

Stamp = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class _Known:
    stamp: Stamp
    config: Mapping[str, Any]
    problem: str = ""


class AlertSource:
    """Gives the settings that hold for a pipeline.

    Args:
        root: the project's folder.
        secrets: what templates in the files ask; the environment by default.
    """

    def __init__(self, root: Path, *, secrets: SecretProvider | None = None) -> None:
        self.root = root
        self._secrets = secrets or default_provider()
        self._project: _Known | None = None
        self._pipelines: dict[str, _Known] = {}
        self._settings: dict[str, tuple[Stamp, Stamp, AlertSettings]] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The project's name."""
        return self.root.name

    def __call__(self, pipeline: str = "") -> AlertSettings:
        """The settings for that pipeline, or those of the project alone.

        Files that cannot be read leave the others' settings, with a problem that says so.
        """
        with self._lock:
            project = self._of_project()
            own = self._of_pipeline(pipeline) if pipeline else _Known(None, {})
            known = self._settings.get(pipeline)
            if known is None or known[:2] != (project.stamp, own.stamp):
                known = (project.stamp, own.stamp, self._made(project, own))
                self._settings[pipeline] = known
            return known[2]

    def _made(self, project: _Known, own: _Known) -> AlertSettings:
        functions = project_functions(self._secrets, strict_secrets=True)

        def rendered(text: str) -> str:
            return render(text, {}, functions=functions, strict=True)

        settings = read_alert_settings(project.config, own.config, rendered)
        problems = tuple(each.problem for each in (project, own) if each.problem)
        return replace(settings, problems=problems + settings.problems, secrets=settings.secrets | _of_environment())

    def _of_project(self) -> _Known:
        stamp = _stamp(self.root / METADATA)
        if self._project is None or self._project.stamp != stamp:
            try:
                opened = open_project(self.root, secrets=self._secrets)
                config, problem = opened.settings.notification_config, ""
                if opened.unread is not None:  # who was told before is told of what fails meanwhile, too
                    config, problem = self._project.config if self._project else {}, opened.unread.message
            except PenstockError as error:
                config, problem = {}, error.message
            self._project = _Known(stamp, config, problem)
        return self._project

    def _of_pipeline(self, pipeline: str) -> _Known:
        folder = pipeline_folder(self.root, pipeline)
        if folder is None:
            return _Known(None, {})
        stamp = _stamp(folder / METADATA)
        known = self._pipelines.get(pipeline)
        if known is None or known.stamp != stamp:
            config: Any = None
            problem = ""
            if stamp is not None:
                try:
                    data: Any = read_document(folder / METADATA, self.root)[1].data
                    config = data.get("notification_config") if isinstance(data, Mapping) else None
                except PenstockError as error:
                    problem = error.message
            known = self._pipelines[pipeline] = _Known(stamp, config if isinstance(config, Mapping) else {}, problem)
        return known


def _stamp(file: Path) -> Stamp:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _of_environment() -> frozenset[str]:
    """Values of variables whose names say that they are secret: more than logs hide, for alerts leave the machine."""
    found = environment.snapshot().items()
    return frozenset(value for name, value in found if len(value) >= SHORTEST and _SECRET_NAME.search(name))
