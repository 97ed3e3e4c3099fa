"""Rules about the code of blocks."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.config.templates import check_syntax
from penstock.model.block import Block, BlockType, Language
from penstock.model.errors import FileInvalidError, Location, TemplateError
from penstock.project.code import CodeFacts, DecoratedFunction, scan
from penstock.project.merge_conflicts import CONFLICT, SETTLE
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.graphs import RUNS
from penstock.project.rules.subject import PipelineSubject

DECORATORS: dict[BlockType, tuple[str, ...]] = {
    BlockType.DATA_LOADER: ("data_loader",),
    BlockType.TRANSFORMER: ("transformer",),
    BlockType.DATA_EXPORTER: ("data_exporter",),
    BlockType.CUSTOM: ("custom",),
    BlockType.SENSOR: ("sensor",),
    BlockType.CALLBACK: ("callback", "on_success", "on_failure", "on_cancelled"),
    BlockType.CONDITIONAL: ("condition",),
}
"""Which decorators make a function the one that a block of that type calls."""
_TAKES_INPUTS = frozenset({BlockType.DATA_LOADER, BlockType.TRANSFORMER, BlockType.DATA_EXPORTER, BlockType.CUSTOM})
_SILENT = frozenset({BlockType.MARKDOWN, BlockType.SCRATCHPAD, BlockType.CHART})
_GIVEN = frozenset(
    {"env", "execution_date", "ds", "hr", "execution_partition", "event", "pipeline_uuid", "block_uuid", "repo_path"}
    | {"configuration", "context", "logger", "retry", "spark", "trigger_name", "pipeline_run_id"}
    | {"interval_start_datetime", "interval_end_datetime", "interval_seconds", "interval_start_datetime_previous"}
)
_IN_OTHER_KINDS = ("data_integration_", "streaming_")


class UnreadableCode(CheckingRule[PipelineSubject]):
    """The file of a block cannot be read: no permission, or not in the encoding that it declares."""

    code, severity = "PS029", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a block."""
        for block in subject.every_block():
            source = subject.source(block)
            if isinstance(source, FileInvalidError):
                cause = source.message.rpartition(": ")[2]
                yield subject.tell(
                    type(self), block, f"its file cannot be read: {cause}", source.hint, subject.place(block)
                )


class PythonSyntax(CheckingRule[PipelineSubject]):
    """The file of a Python block is not Python. The block cannot run; correct the line that is named."""

    code, severity = "PS030", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a block."""
        for block in subject.every_block():
            source = subject.source(block) if block.language is Language.PYTHON else None
            facts = scan(source) if isinstance(source, str) else None
            if facts is not None and facts.error:
                place = subject.place(block, facts.line, facts.column)
                hint = SETTLE if facts.error == CONFLICT else "Correct the file; notes belong into a markdown block."
                yield subject.tell(type(self), block, f"it does not parse: {facts.error}", hint, place)


class NoFunction(CheckingRule[PipelineSubject]):
    """No function of a Python block has the decorator of the block's type, so there is nothing to call."""

    code, severity = "PS031", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a block, in pipelines that run."""
        if subject.pipeline.type not in RUNS:
            return
        for block, facts in subject.python_blocks():
            wanted = DECORATORS.get(block.type)
            if wanted and _function(block, facts) is None and not _of_another_kind(facts):
                others = sorted({f"@{function.decorator}" for function in facts.functions} - {"@test"})
                found = f"; it has {', '.join(others)}" if others else ""
                message = f"no function in its file is decorated with @{wanted[0]}{found}"
                hint = f"Decorate the function that it should run with @{wanted[0]}."
                yield subject.tell(type(self), block, message, hint, subject.place(block))


class ArgumentCount(CheckingRule[PipelineSubject]):
    """The function of a block takes more or fewer arguments than the block has upstreams.

    Each upstream is one positional argument, in the order of `upstream_blocks`; `*args` takes any number.
    """

    code, severity = "PS032", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a block, in pipelines that run."""
        if subject.pipeline.type not in RUNS:
            return
        silent = {block.uuid for block in subject.pipeline.blocks if block.type in _SILENT}
        blocks = {block.uuid for block in subject.pipeline.blocks}
        for block, facts in subject.python_blocks():
            function = _function(block, facts) if block.type in _TAKES_INPUTS and block.uuid in blocks else None
            if function is None or function.is_class:
                continue
            message = _mismatch(
                function, [parent for parent in block.upstream if parent not in silent], subject.pipeline.variables
            )
            if message:
                hint = "Make the parameters and the upstream blocks agree, or add *args."
                yield subject.tell(type(self), block, message, hint, subject.place(block, function.line))


class TemplateSyntax(CheckingRule[PipelineSubject]):
    """The template in a SQL, markdown or YAML block does not parse. SQL of dbt has a language of its own."""

    code, severity = "PS033", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a block."""
        for block in subject.every_block():
            of_dbt = block.type is BlockType.DBT and block.language is Language.SQL
            if of_dbt or block.language not in {Language.SQL, Language.MARKDOWN, Language.YAML}:
                continue
            source = subject.source(block)
            if not isinstance(source, str):
                continue
            file = subject.place(block).file
            try:
                check_syntax(source, file, outputs=block.language is Language.SQL)
            except TemplateError as error:
                cause = error.message.partition(": ")[2]
                place = error.location or Location(file)
                yield subject.tell(type(self), block, f"its template does not parse: {cause}", error.hint, place)


def _function(block: Block, facts: CodeFacts) -> DecoratedFunction | None:
    wanted = DECORATORS.get(block.type, ())
    return next((function for function in facts.functions if function.decorator in wanted), None)


def _of_another_kind(facts: CodeFacts) -> bool:
    return any(function.decorator.startswith(_IN_OTHER_KINDS) for function in facts.functions)


def _mismatch(function: DecoratedFunction, upstream: list[str], variables: object) -> str:
    arguments = function.arguments
    names = arguments.positional
    if len(upstream) > len(names) and not arguments.varargs:
        return f"{function.name}() takes {_count(len(names))}, the block has {len(upstream)}: {', '.join(upstream)}"
    required = names[: len(names) - arguments.optional]
    known = {*_GIVEN, *(variables if isinstance(variables, dict) else ())}
    missing = [name for name in required[len(upstream) :] if name not in known]
    if missing:
        return f"{function.name}() needs an upstream block for {', '.join(missing)}, the block has {len(upstream)}"
    return ""


def _count(number: int) -> str:
    return f"{number or 'no'} upstream block{'' if number == 1 else 's'}"
