"""The project as a server may read it: a pipeline whose file lies elsewhere, by a link, is not one of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from penstock.model.errors import PathRefusedError
from penstock.project import Project
from penstock.project.layout import METADATA, PIPELINES
from penstock.project.reader import PipelineReading


@dataclass(frozen=True, slots=True)
class ConfinedProject(Project):
    """A project that a browser looks at. The command line follows links: it has no rights but those of its user."""

    @classmethod
    def of(cls, project: Project) -> ConfinedProject:
        """The same project, confined."""
        return cls(project.root, project.name, project.settings, project.findings)

    def read(self, uuid: str) -> PipelineReading:
        """As `Project.read`.

        Raises:
            PathRefusedError: the pipeline's file lies outside of the project's folder.
        """
        file = os.path.realpath(self.root / PIPELINES / uuid / METADATA) if "\0" not in uuid else ""
        if file and os.path.lexists(file) and not Path(file).is_relative_to(os.path.realpath(self.root)):
            raise PathRefusedError(
                f"reading pipeline {uuid}: its folder is a link that leads out of the project",
                hint="Copy it into the project, or open the project that it lies in.",
            )
        return Project.read(self, uuid)
