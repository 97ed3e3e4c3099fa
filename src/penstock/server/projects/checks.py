"""The findings about a project, each pipeline's kept until one of its files changes."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.errors import FileInvalidError, Location, PipelineNotFoundError
from penstock.project.check import check_pipeline, check_project
from penstock.project.reading_rules import FileUnreadable
from penstock.server.projects.index import IndexEntry
from penstock.server.projects.parts import Parts

Stamps = tuple[object, ...]


@dataclass(slots=True)
class Checks:
    """Checks, and remembers. Safe in any thread."""

    parts: Parts
    _known: dict[str, tuple[Stamps, list[Diagnostic]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def all(self) -> list[Diagnostic]:
        """Every finding, those of the project's own files first, each once."""
        found = list(check_project(self.parts.project(), []))
        for entry in self.parts.index.entries().values():
            found += self._of(entry)
        told: set[tuple[object, ...]] = set()
        unique: list[Diagnostic] = []
        for finding in found:
            key = (finding.code, finding.message, finding.location)
            if key not in told:
                told.add(key)
                unique.append(finding)
        return unique

    def counts(self) -> tuple[int, int]:
        """How many errors and warnings there are."""
        severities = [finding.severity for finding in self.all()]
        return severities.count(Severity.ERROR), severities.count(Severity.WARNING)

    def is_known(self) -> bool:
        """Whether `all` can answer without reading many pipelines."""
        entries = self.parts.index.entries()
        with self._lock:
            unknown = sum(1 for uuid in entries if uuid not in self._known)
        return unknown <= 50  # noqa: PLR2004 - a fraction of a second

    def _of(self, entry: IndexEntry) -> list[Diagnostic]:
        stamps = (entry.stamp, *(_stamp(self.parts.root / use.file) for use in entry.every_block() if use.file))
        with self._lock:
            known = self._known.get(entry.uuid)
        if known is not None and known[0] == stamps:
            return known[1]
        found = self._check(entry.uuid)
        with self._lock:
            self._known[entry.uuid] = (stamps, found)
        return found

    def _check(self, uuid: str) -> list[Diagnostic]:
        project = self.parts.project()
        try:
            return check_pipeline(project, project.read(uuid))
        except FileInvalidError as error:
            place = error.location or Location(f"pipelines/{uuid}/metadata.yaml")
            return [FileUnreadable.found(error.message, hint=error.hint, location=place, pipeline=uuid)]
        except PipelineNotFoundError:
            return []


def _stamp(path: os.PathLike[str]) -> tuple[int, int] | None:
    try:
        state = os.stat(path)  # noqa: PTH116 - thousands of times
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size
