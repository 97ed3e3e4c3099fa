"""A pipeline as the editor shows it: its file, its blocks with their texts, what is odd about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from penstock.model.block import RUNNABLE_TYPES, Block, BlockType, Language
from penstock.model.errors import FileInvalidError, FileMissingError
from penstock.model.graph import downstream_of
from penstock.project.block_reader import FILELESS
from penstock.project.check import check_pipeline
from penstock.project.code import scan
from penstock.project.layout import METADATA, PIPELINES
from penstock.project.load import Project
from penstock.project.reader import PipelineReading
from penstock.project.rules.blocks import DECORATORS
from penstock.project.rules.graphs import LANGUAGES, RUNS
from penstock.project.text_file import revision_of
from penstock.server.projects.contents import Text, read_shown
from penstock.server.projects.index import PipelineIndex, check_size
from penstock.server.projects.plain import kind_of, to_plain
from penstock.server.projects.resolver import Resolver
from penstock.server.schema.diagnostics import diagnostic_detail
from penstock.server.schema.pipelines import (
    BlockDetail,
    ChartDetail,
    FunctionDetail,
    GitState,
    PipelineDetail,
    VariableDetail,
)

SETTINGS: Mapping[str, str] = {
    "retry_config": "retry_config",
    "concurrency_config": "concurrency_config",
    "run_in_one_process": "run_pipeline_in_one_process",
    "cache_output_in_memory": "cache_block_output_in_memory",
    "executor_type": "executor_type",
    "executor_config": "executor_config",
    "executor_count": "executor_count",
    "notification_config": "notification_config",
    "spark_config": "spark_config",
    "settings": "settings",
}
"""The settings of a pipeline as the API names them, and their keys in its file."""
OUTSIDE = "The file of the block is outside of the project, behind a link."
_MAY_LACK_CODE = frozenset({*FILELESS, BlockType.CHART})
_TAKES_UPSTREAM = frozenset(
    {*RUNNABLE_TYPES, BlockType.DBT, BlockType.CALLBACK, BlockType.CONDITIONAL, BlockType.CHART, BlockType.EXTENSION}
)


@dataclass(frozen=True, slots=True)
class Details:
    """Builds details.

    Args:
        resolver: tells which files are of the project.
        index: tells with which pipelines a block file is shared.
        git: tells what differs from the last commit; given the paths of the pipeline's files.
        read: told the path and the text of each SQL file that is read.
    """

    resolver: Resolver
    index: PipelineIndex
    git: Callable[[list[str]], GitState | None]
    read: Callable[[str, str], None]

    def pipeline(self, project: Project, uuid: str, notes: tuple[str, ...] = ()) -> PipelineDetail:
        """Everything that the editor shows of a pipeline.

        Raises:
            PipelineNotFoundError: there is none.
            FileInvalidError: its file cannot be read.
        """
        place = self.resolver.resolve(f"{PIPELINES}/{uuid}/{METADATA}")
        with suppress(OSError):
            check_size(place.path.stat().st_size, place.relative)
        reading = project.read(uuid)
        pipeline = reading.pipeline
        children = downstream_of({block.uuid: block.upstream for block in pipeline.blocks})
        blocks = [self.block(project, reading, block, children) for block in pipeline.blocks]
        callbacks = [self.block(project, reading, block) for block in pipeline.callbacks]
        conditionals = [self.block(project, reading, block) for block in pipeline.conditionals]
        charts = [_chart(self.resolver, project, block) for block in pipeline.widgets]
        file = _relative(project, pipeline.file)
        used = [each.file for each in (*blocks, *callbacks, *conditionals) if each.file]
        used += [chart.file for chart in charts if chart.file]
        created = pipeline.raw.get("created_at")
        return PipelineDetail(
            uuid=pipeline.uuid,
            name=pipeline.name,
            type=pipeline.type.value,
            declared_type=pipeline.declared_type,
            description=pipeline.description,
            tags=list(pipeline.tags),
            revision=reading.file.revision,
            file=file,
            blocks=blocks,
            callbacks=callbacks,
            conditionals=conditionals,
            charts=charts,
            variables=[
                VariableDetail(str(name), to_plain(value), kind_of(value)) for name, value in pipeline.variables.items()
            ],
            settings=_settings(pipeline.raw),
            diagnostics=[diagnostic_detail(found) for found in check_pipeline(project, reading)],
            created_at=str(created) if created else None,
            updated_at=_written_at(pipeline.file),
            runnable=pipeline.type in RUNS,
            git=self.git(list(dict.fromkeys([file, *used]))),
            notes=list(notes),
        )

    def block(
        self, project: Project, reading: PipelineReading, block: Block, children: Mapping[str, list[str]] | None = None
    ) -> BlockDetail:
        """One block of a pipeline that has been read; `children` are the blocks that take each one's output."""
        if children is None:
            children = downstream_of({other.uuid: other.upstream for other in reading.pipeline.blocks})
        text = block_text(self.resolver, block)
        # A file that has gone since the pipeline was read is as missing as one that was never there.
        file = _relative(project, block.file) if block.file and text.problem != _missing(block) else None
        users = self.index.pipelines_using(file) if file else []
        if file and block.language is Language.SQL and text.content is not None:
            self.read(file, text.content)
        function, tests = _code(block, text.content)
        return BlockDetail(
            uuid=block.uuid,
            name=block.name,
            type=block.type.value,
            declared_type=block.declared_type or block.type.value,
            language=block.language.value,
            upstream=list(block.upstream),
            downstream=children.get(block.uuid, []),
            configuration=to_plain(block.configuration),
            color=block.color,
            file=file,
            content=text.content,
            content_revision=text.revision,
            content_error=text.problem,
            shared_with=[user for user in users if user != reading.pipeline.uuid],
            runnable=block.type is BlockType.GLOBAL_DATA_PRODUCT
            or (block.type in RUNNABLE_TYPES and block.language in LANGUAGES),
            accepts_upstream=block.type in _TAKES_UPSTREAM,
            timeout=block.timeout,
            retry_config=to_plain(block.retry_config),
            function=function,
            tests=tests,
            executor_type=block.executor_type,
            replicated_block=block.replicated_block,
        )


def block_text(resolver: Resolver, block: Block) -> Text:
    """The text of a block: of its file, or what its entry holds."""
    if block.file is not None:
        with suppress(FileMissingError):
            return _file_text(resolver, Path(block.file))
        return Text(None, "", 0, 0.0, problem=_missing(block))
    if block.content is not None:
        data = block.content.encode("utf-8", "surrogatepass")
        return Text(block.content, revision_of(data), len(data), 0.0, "utf-8")
    problem = None
    if block.type not in _MAY_LACK_CODE:
        problem = _missing(block)
    return Text(None, "", 0, 0.0, problem=problem)


def _missing(block: Block) -> str:
    return f"The file of block {block.uuid} is missing. Create it, or remove the block."


def _file_text(resolver: Resolver, file: Path) -> Text:
    shown = resolver.relative(file)
    if shown is None:
        return Text(None, "", 0, 0.0, problem=f"{OUTSIDE} Move it into the project.")
    try:
        return read_shown(file, shown)
    except FileMissingError:
        raise
    except FileInvalidError as error:
        return Text(None, "", 0, 0.0, problem=f"{_sentence(error.message)} {error.hint}".strip())


def _chart(resolver: Resolver, project: Project, block: Block) -> ChartDetail:
    text = block_text(resolver, block)
    return ChartDetail(
        uuid=block.uuid,
        name=block.name,
        type=block.type.value,
        language=block.language.value,
        upstream=list(block.upstream),
        configuration=to_plain(block.configuration),
        content=text.content,
        content_revision=text.revision,
        file=_relative(project, block.file) if block.file else None,
        content_error=text.problem,
    )


def _code(block: Block, content: str | None) -> tuple[FunctionDetail | None, list[str]]:
    """The function that the block calls and the names of its tests, by parsing only."""
    if block.language is not Language.PYTHON or content is None:
        return None, []
    facts = scan(content)
    wanted = DECORATORS.get(block.type, ())
    found = next((function for function in facts.functions if function.decorator in wanted), None)
    tests = [function.name for function in facts.functions if function.decorator == "test"]
    if found is None:
        return None, tests
    arguments = found.arguments
    return FunctionDetail(found.name, found.line, list(arguments.positional), arguments.varargs), tests


def _settings(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: to_plain(raw[key]) for name, key in SETTINGS.items() if key in raw}


def _relative(project: Project, path: str) -> str:
    found = Path(path)
    return found.relative_to(project.root).as_posix() if found.is_relative_to(project.root) else path


def _written_at(path: str) -> str:
    try:
        at = Path(path).stat().st_mtime
    except OSError:
        return ""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
