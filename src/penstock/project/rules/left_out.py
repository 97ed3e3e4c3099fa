"""Rules about what is written in a pipeline and has no effect in its runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from penstock.config import environment
from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.block import Language
from penstock.project.left_out import HERE, UNCHECKED, extension_blocks, remote_executor
from penstock.project.rule import Rule
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.graphs import RUNS
from penstock.project.rules.subject import PipelineSubject, ProjectView

_LOCALLY = "Remove executor_type, or write local_python; memory and time of a block can be limited here, too."
_DATABASE = "data_provider_database"
_ASKED = ("input_data_types", "batch_settings")
_ONE_DATABASE = frozenset({"", "duckdb", "postgres"})
_KINDS = frozenset({"default", "batch", "generator", "reader"})


class ExtensionNotRun(CheckingRule[PipelineSubject]):
    """A pipeline has a block below `extensions`, such as expectations of Great Expectations. No run takes it up.

    Data is not validated by it, and nothing fails. Write what it expects as `@test` functions of the block that it is
    attached to.
    """

    code, severity = "PS026", Severity.WARNING

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding for each such block, in pipelines that run."""
        pipeline = subject.pipeline
        for block in extension_blocks(pipeline) if pipeline.type in RUNS else ():
            yield self.found(
                f"block {block.uuid} of the extension {block.extension}: {UNCHECKED}",
                hint="Write what it expects as @test functions of the block it is attached to; it is kept as it is.",
                location=subject.reading.document.locate(block.steps),
                pipeline=pipeline.uuid,
                block=block.uuid,
            )


class ElsewhereAsked(Rule):
    """An executor is asked for that this version does not have, such as k8s: blocks run on this machine.

    `executor_config` has no effect then. In a pipeline, a block, or the variable DEFAULT_EXECUTOR_TYPE.
    """

    code, severity = "PS027", Severity.WARNING


class RemoteExecutor(ElsewhereAsked, CheckingRule[PipelineSubject]):
    """The executors of a pipeline and its blocks."""

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding for the pipeline, and one for each block, where they run."""
        pipeline = subject.pipeline
        if pipeline.type not in RUNS:
            return
        if executor := remote_executor(pipeline.raw.get("executor_type")):
            yield self.found(
                f"pipeline {pipeline.uuid}: its executor is {executor}, and {HERE}",
                hint=_LOCALLY,
                location=subject.reading.document.locate(("executor_type",)),
                pipeline=pipeline.uuid,
            )
        for block in pipeline.blocks:
            if executor := remote_executor(block.executor_type):
                place = subject.reading.locate(block.uuid, "executor_type")
                yield subject.tell(type(self), block, f"its executor is {executor}, and {HERE}", _LOCALLY, place)


class DefaultExecutor(ElsewhereAsked, CheckingRule[ProjectView]):
    """The executor of the environment."""

    def check(self, subject: ProjectView) -> Iterator[Diagnostic]:
        """One finding when it is another than this machine."""
        del subject
        if executor := remote_executor(environment.text("DEFAULT_EXECUTOR_TYPE")):
            yield self.found(f"DEFAULT_EXECUTOR_TYPE is {executor}, and {HERE}", hint="Take it out of the environment.")


class DatabaseOfBlock(CheckingRule[PipelineSubject]):
    """A SQL block on DuckDB or PostgreSQL names a database in `data_provider_database`; the profile's is used.

    So it is in Mage: only systems in which a connection reaches several databases go by that key.
    """

    code, severity = "PS053", Severity.WARNING

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a block."""
        for block in subject.every_block():
            named, provider = (str(block.configuration.get(key) or "").strip() for key in (_DATABASE, "data_provider"))
            if block.language is Language.SQL and named and provider.lower() in _ONE_DATABASE:
                yield subject.tell(
                    type(self),
                    block,
                    f"{_DATABASE}: {named} has no effect, a block reads and writes the database of its profile",
                    "Remove it; for another database, make a profile in io_config.yaml that names it.",
                    subject.reading.locate(block.uuid, "configuration", _DATABASE),
                )


class BatchesNotRead(CheckingRule[PipelineSubject]):
    """A setting of batches in `configuration.variables`, or of a dynamic block, has no effect in this version.

    Upstreams come in batches by `read` or `upstream`: `input_data_types` with `batch`, `generator` or `reader`, and
    `batch_settings` with `items.maximum` (rows of a batch) or `count.maximum` (how many batches). Else they come whole.
    """

    code, severity = "PS028", Severity.WARNING

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding for each key that is not read."""
        for block in subject.every_block():
            for steps, message in _unread(block.configuration):
                yield subject.tell(
                    type(self),
                    block,
                    f"{'.'.join(steps)}: {message}",
                    "Remove it; the upstream can be taken apart by items.maximum or count.maximum, or in the code.",
                    subject.reading.locate(block.uuid, "configuration", *steps),
                )


def _unread(configuration: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The keys about batches that have no effect, with the steps to them from the configuration."""
    dynamic = configuration.get("dynamic")
    if isinstance(dynamic, Mapping) and dynamic.get("batch_settings"):
        yield ("dynamic", "batch_settings"), "it has no effect; children start as soon as what they read is there"
    variables = configuration.get("variables")
    if not isinstance(variables, Mapping):
        return
    for side in ("write", "downstream"):
        given = variables.get(side)
        inner = given.values() if isinstance(given, Mapping) else ()
        if _about_batches(given) or any(_about_batches(each) for each in inner):
            yield ("variables", side), "it has no effect; outputs are stored as they come, whole or part by part"
    if isinstance(read := variables.get("read"), Mapping):
        yield from _unread_settings(read, ("variables", "read"))
    upstream = variables.get("upstream")
    for uuid, settings in upstream.items() if isinstance(upstream, Mapping) else ():
        if isinstance(settings, Mapping):
            yield from _unread_settings(settings, ("variables", "upstream", str(uuid)))


def _about_batches(settings: Any) -> bool:
    return isinstance(settings, Mapping) and any(settings.get(key) for key in (*_ASKED, "chunks"))


def _unread_settings(settings: Mapping[str, Any], steps: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in settings.items():
        if key not in _ASKED and value not in (None, [], {}):
            yield (*steps, str(key)), "it has no effect"
    asked = settings.get("input_data_types") or []
    for kind in asked if isinstance(asked, list) else [asked]:
        if str(kind) not in _KINDS:  # a slip of the pen makes it a list or a map
            told = f"{str(kind)[:40]} is none of {', '.join(sorted(_KINDS))}, so it has no effect"
            yield (*steps, "input_data_types"), told
    batch = settings.get("batch_settings")
    for key, value in batch.items() if isinstance(batch, Mapping) else ():
        here = (*steps, "batch_settings", str(key))
        if key not in {"items", "count"}:
            if value not in (None, [], {}):
                yield here, "it has no effect"
        elif isinstance(value, Mapping):
            yield from (((*here, str(inner)), "it has no effect") for inner in value if inner != "maximum")
