"""Rules about a pipeline as a whole: its edges and its kind."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.block import Block, BlockType, Language
from penstock.model.expand import SHARED
from penstock.model.graph import find_cycles
from penstock.model.pipeline import PipelineType
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.subject import PipelineSubject

RUNS = frozenset({PipelineType.PYTHON, PipelineType.PYSPARK, PipelineType.DATABRICKS})
"""Kinds of pipelines that this version runs block by block."""
LANGUAGES = frozenset({Language.PYTHON, Language.SQL})
"""Languages whose blocks take part in a run of this version."""

PROVIDERS = frozenset({"duckdb", "postgres", "postgresql"})
"""Systems that SQL blocks of this version run on."""


class Cycle(CheckingRule[PipelineSubject]):
    """Blocks depend on each other in a circle. The message names it; remove one of its edges.

    Circles that have blocks in common are told as one; another may be left when that one is broken.
    """

    code, severity = "PS020", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding for each cycle that has no block in common with another."""
        pipeline = subject.pipeline
        for cycle in find_cycles({block.uuid: block.upstream for block in pipeline.blocks}):
            yield self.found(
                f"pipeline {pipeline.uuid}: blocks form a cycle: {' -> '.join(cycle)}",
                hint="Remove one of these edges from upstream_blocks.",
                location=subject.reading.locate(cycle[-1], "upstream_blocks"),
                pipeline=pipeline.uuid,
                block=cycle[-1],
            )


class UnsupportedPipeline(CheckingRule[PipelineSubject]):
    """The pipeline is of a kind that this version reads, keeps and does not run: integration, streaming and others."""

    code, severity = "PS022", Severity.WARNING

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding when it is."""
        pipeline = subject.pipeline
        if pipeline.type not in RUNS and pipeline.type is not PipelineType.UNKNOWN:
            yield self.found(
                f"pipeline {pipeline.uuid}: this version does not run pipelines of type {pipeline.declared_type}",
                hint="It is read and kept as it is.",
                location=subject.reading.document.locate(("type",)),
                pipeline=pipeline.uuid,
            )


class UnsupportedBlock(CheckingRule[PipelineSubject]):
    """A block is of a type or language that this version does not run; it is kept as it is.

    In a run it fails, and so do the blocks that depend on it; the others run. Extensions take no part in runs.
    """

    code, severity = "PS023", Severity.WARNING

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a block, in pipelines that run."""
        if subject.pipeline.type not in RUNS:
            return
        for block in subject.pipeline.blocks:
            what = _unsupported(block)
            if what:
                keys = {"language": ("language",), "SQL": ("configuration", "data_provider")}
                yield subject.tell(
                    type(self),
                    block,
                    f"this version does not run {what if 'SQL on' in what else f'{what} blocks'}",
                    "It is kept as it is; blocks that do not depend on it run.",
                    subject.reading.locate(block.uuid, *keys.get(what.partition(" ")[0], ("type",))),
                )


class NeverAsked(CheckingRule[PipelineSubject]):
    """A callback or conditional is attached to no block of the pipeline, so it never runs; or it is not in Python."""

    code, severity = "PS024", Severity.WARNING

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding for each."""
        pipeline = subject.pipeline
        if pipeline.type not in RUNS:
            return
        names = {block.uuid for block in pipeline.blocks}
        for kind, blocks in (("callback", pipeline.callbacks), ("conditional", pipeline.conditionals)):
            for block in blocks:
                place = subject.reading.locate(block.uuid)
                if not names.intersection(block.upstream):
                    message, hint = f"this {kind} is attached to no block, so it never runs", "Name blocks in its"
                    yield subject.tell(type(self), block, message, f"{hint} upstream_blocks, or remove it.", place)
                elif block.language is not Language.PYTHON:
                    message = f"this {kind} is written in {block.language}, and only Python runs"
                    yield subject.tell(type(self), block, message, "Rewrite it in Python.", place)


class UnknownIsolation(CheckingRule[PipelineSubject]):
    """A block asks for an isolation that there is not: each attempt gets a process of its own.

    `shared` lets the children of a dynamic block take turns in a few processes; without the key none is shared.
    """

    code, severity = "PS025", Severity.WARNING

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a block."""
        for block in subject.pipeline.blocks:
            asked = block.configuration.get("isolation")
            if asked is not None and asked != SHARED:
                yield subject.tell(
                    type(self),
                    block,
                    f"there is no isolation {str(asked)[:40]!r}, so each of its attempts has a process of its own",
                    f"Write isolation: {SHARED}, or remove the key.",
                    subject.reading.locate(block.uuid, "configuration", "isolation"),
                )


def _unsupported(block: Block) -> str:
    if block.type in {BlockType.DBT, BlockType.EXTENSION}:
        return block.type.value
    runs = {BlockType.DATA_LOADER, BlockType.TRANSFORMER, BlockType.DATA_EXPORTER, BlockType.CUSTOM, BlockType.SENSOR}
    if block.type in runs and block.language not in LANGUAGES and block.language is not Language.UNKNOWN:
        return f"language {block.language.value}"
    provider = str(block.configuration.get("data_provider") or "").strip().lower()
    if block.type in runs and block.language is Language.SQL and provider and provider not in PROVIDERS:
        return f"SQL on {provider}"
    return ""
