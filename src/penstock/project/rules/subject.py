"""What the rules look at: a project, and a pipeline in it, with what was already read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from penstock.config.diagnostics import Diagnostic
from penstock.config.settings import ProjectSettings
from penstock.model.block import Block, Language
from penstock.model.errors import FileInvalidError, Location
from penstock.model.pipeline import Pipeline
from penstock.project.code import CodeFacts, read_source, scan
from penstock.project.reader import PipelineReading
from penstock.project.rule import Rule


class ProjectView(Protocol):
    """What the rules use of a project."""

    @property
    def root(self) -> Path:
        """The project's folder."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def settings(self) -> ProjectSettings:
        """Its settings."""

    def pipeline_uuids(self) -> list[str]:
        """The uuids of its pipelines."""


@dataclass(frozen=True, slots=True)
class PipelineSubject:
    """A pipeline in its project."""

    project: ProjectView
    reading: PipelineReading

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline."""
        return self.reading.pipeline

    def every_block(self) -> Iterator[Block]:
        """Blocks, callbacks, conditionals and widgets."""
        pipeline = self.pipeline
        yield from (*pipeline.blocks, *pipeline.callbacks, *pipeline.conditionals, *pipeline.widgets)

    def python_blocks(self) -> Iterator[tuple[Block, CodeFacts]]:
        """The Python blocks whose file can be read and parsed, with what their code says."""
        for block in self.every_block():
            if block.language is Language.PYTHON:
                source = self.source(block)
                facts = scan(source) if isinstance(source, str) else None
                if facts is not None and not facts.error:
                    yield block, facts

    def source(self, block: Block) -> str | FileInvalidError | None:
        """The code of a block: its text, why it cannot be read, or None when it has none."""
        if block.file is None:
            return block.content
        try:
            return read_source(Path(block.file))
        except FileInvalidError as error:
            return error

    def place(self, block: Block, line: int = 0, column: int = 0) -> Location:
        """A place in the code of a block, relative to the project."""
        if block.file is None:
            return self.reading.locate(block.uuid, "content")
        return Location(shown(self.project.root, Path(block.file)), line, column)

    def tell(self, rule: type[Rule], block: Block, message: str, hint: str, place: Location) -> Diagnostic:
        """A finding about a block."""
        return rule.found(
            f"block {block.uuid}: {message}", hint=hint, location=place, pipeline=self.pipeline.uuid, block=block.uuid
        )


def shown(root: Path, path: Path) -> str:
    """A path as findings name it: relative to the project where it is inside."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
